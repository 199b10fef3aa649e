// Fails when a colour of tailwind.config.js has no value in the built style
// sheet, has none for the light theme, or is used by no rule. Tailwind itself
// ignores a configuration it was not told of, without a word.
import { readFileSync } from "node:fs";
import config from "../tailwind.config.js";

const css = readFileSync(new URL("../public/css/app.css", import.meta.url), "utf8");
const problems = [];
for (const [name, value] of Object.entries(config.theme.colors)) {
  const variable = /^var\((--[a-z0-9-]+)\)$/.exec(value)?.[1];
  if (!variable) continue;
  const defined = css.split(`${variable}:`).length - 1;
  // Once dark, once light by the system, once light by choice.
  if (defined !== 3) problems.push(`${name}: ${defined} values in the style sheet, want 3`);
  if (!css.includes(`var(${variable})`)) problems.push(`${name}: used by no rule`);
}
if (problems.length > 0) {
  console.error(`public/css/app.css and tailwind.config.js disagree:\n  ${problems.join("\n  ")}`);
  process.exit(1);
}
