import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";

import svelteConfig from "./svelte.config.js";

const dom = ["window", "document", "navigator", "localStorage", "sessionStorage", "location", "HTMLElement"];

export default ts.config(
  { ignores: ["node_modules", "src/api/schema.d.ts"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig } },
  },
  {
    rules: {
      "no-undef": "off",
      "svelte/no-at-html-tags": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
    },
  },
  {
    // The core and every edit.ts know neither the page nor the framework.
    files: ["src/core/**/*.ts", "src/interfaces/*/edit.ts"],
    rules: {
      "no-restricted-globals": ["error", ...dom, "fetch"],
      "no-restricted-imports": ["error", { patterns: ["svelte", "svelte/*", "@/ui/*", "*.svelte"] }],
    },
  },
);
