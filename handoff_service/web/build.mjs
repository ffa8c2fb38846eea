// Builds the pages into dist/: `node build.mjs [widget|chat|console]…`, all three when none is named.
import { fileURLToPath } from "node:url";
import { build } from "vite";

const web = fileURLToPath(new URL(".", import.meta.url));
const jsx = { jsx: { runtime: "automatic", importSource: "preact" } };
const shared = {
  configFile: false,
  logLevel: "warn",
  oxc: jsx,
  // The pages run under `script-src 'self'`: nothing may be inlined into the HTML, no data: addresses.
  build: { target: "es2022", emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
};

/** A page of its own folder, served at /<name>/ with hashed assets. */
function page(name) {
  return {
    ...shared,
    root: `${web}${name}`,
    base: `/${name}/`,
    build: { ...shared.build, outDir: `${web}dist/${name}` },
  };
}

const targets = {
  // One classic script that any shop page can embed: no chunks, no second request.
  widget: {
    ...shared,
    root: `${web}widget`,
    build: {
      ...shared.build,
      outDir: `${web}dist/widget/v1`,
      lib: { entry: "main.ts", formats: ["iife"], name: "TandemWidget", fileName: () => "widget.js" },
    },
  },
  chat: page("chat"),
  console: page("console"),
};

const names = process.argv.slice(2);
for (const name of names) {
  if (!(name in targets)) throw new Error(`no page named ${name}; there are: ${Object.keys(targets).join(", ")}`);
}
for (const name of names.length > 0 ? names : Object.keys(targets)) {
  await build(targets[name]);
  console.log(`built dist/${name}`);
}
