// What every script is held to, beyond `make test`: ESLint's recommended rules and a few that have caught mistakes here.
// A rule is switched off only with a reason beside it.
import js from "@eslint/js";
import globals from "globals";

const tests = ["**/*.test.js", "**/testdata/**"];

export default [
  // Bundles, and what others have written.
  {ignores: ["public/js/dist/", "public/vendor/*.js", "!public/vendor/*.entry.js", "bin/", ".venv/", ".cache/", "artifacts/"]},
  js.configs.recommended,
  {
    linterOptions: {reportUnusedDisableDirectives: "error"},
    languageOptions: {ecmaVersion: 2022, sourceType: "module"},
    rules: {
      eqeqeq: "error",
      "no-unused-vars": ["error", {args: "after-used", caughtErrors: "all", ignoreRestSiblings: true}],
      "no-unused-private-class-members": "error",
      "prefer-const": "error",
      "no-var": "error",
      "no-shadow": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-eval": "error",
      "no-self-compare": "error",
      "no-template-curly-in-string": "error",
      "no-throw-literal": "error",
      "no-unmodified-loop-condition": "error",
      "no-unreachable-loop": "error",
      "no-useless-return": "error",
      "array-callback-return": "error",
      "default-param-last": "error",
    },
  },
  {files: ["public/**/*.js"], languageOptions: {globals: globals.browser}},
  // Tests run in Node and hand functions to a browser, whose arguments have the same names on both sides. What a test's page
  // defines for them is declared at the head of each file.
  {files: tests, languageOptions: {globals: {...globals.node, ...globals.browser}}, rules: {"no-shadow": "off"}},
  {files: [".ci/**/*.mjs", "*.js"], languageOptions: {globals: globals.node}},
];
