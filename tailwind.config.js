// The colours of webmon's pages: those of napari's own default themes, so that
// both look like one instrument. Each is a CSS variable with a value for dark
// and one for light in public/css/src/theme.css; .ci/check-colours.mjs fails
// the build when one of them is missing there or used nowhere.
const names = [
  "background", // of the page
  "panel", // cards, header: napari's foreground
  "control", // buttons, inputs, rows: napari's primary
  "hover", // a control under the pointer: napari's secondary
  "highlight", // borders, scroll bars
  "text",
  "icon", // second text, and icons
  "muted", // labels, units; on background and panel only
  "current", // selection; napari's own
  "on-current", // text on it
  "focus", // the focus ring, 3:1 against everything it stands on
  "link",
  "warning", // as an area or a line
  "warning-text",
  "error", // as an area or a line; too dark for text on the dark panel
  "error-text",
  "good",
  "canvas", // behind pictures
  "series-1", // Okabe and Ito's colours, safe for colour-blind people
  "series-2",
  "series-3",
  "series-4",
  "series-5",
  "series-6",
  "series-7",
  "series-8",
];

/** @type {import('tailwindcss').Config} */
export default {
  // Every folder of scripts, also one that is yet to come. Bundles repeat them, and what only tests name is not shipped.
  content: ["./components/**/*.templ", "./components/**/*.go", "./public/js/**/*.js", "!./public/js/dist/**", "!./public/js/**/*.test.js", "!./public/js/**/testdata/**"],
  theme: {
    // Nothing of Tailwind's own palette: a colour without a name is a mistake.
    colors: {
      transparent: "transparent",
      ...Object.fromEntries(names.map((name) => [name, `var(--${name})`])),
    },
    extend: {
      fontSize: {
        data: ["13px", "20px"],
        text: ["15px", "24px"],
        figure: ["20px", "24px"],
      },
      fontFamily: {
        sans: ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Helvetica Neue", "Arial", "sans-serif"],
        mono: ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "Liberation Mono", "monospace"],
      },
    },
  },
};
