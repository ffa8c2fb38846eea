// Builds the pages into dist/: `node build.mjs [widget|chat|console]…`, all three when none is named.
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const web = fileURLToPath(new URL(".", import.meta.url));
const jsx = { jsx: { runtime: "automatic", importSource: "preact" } };
const shared = {
  configFile: false,
  logLevel: "warn",
  oxc: jsx,
  // The pages run under `script-src 'self'`: nothing may be inlined into the HTML, no data: addresses.
  build: { target: "es2022", emptyOutDir: true, assetsInlineLimit: 0, modulePreload: false },
};

/** A page of its own folder, served at /<name>/ with hashed assets. */
async function page(name) {
  await build({
    ...shared,
    root: `${web}${name}`,
    base: `/${name}/`,
    build: { ...shared.build, outDir: `${web}dist/${name}` },
  });
}

/** Parts are loaded by `import()` alone: the bundler's own loader would bring style sheets along, which we have none of. */
const plainImports = {
  name: "plain-imports",
  enforce: "pre",
  load: (id) => (id.includes("vite/preload-helper") ? "export const __vitePreload = (load) => load();" : null),
};

/**
 * What any shop page can embed: one small classic script that draws the launcher, and the conversation as modules
 * with hashed names, which it loads when somebody wants them.
 */
async function widget() {
  const outDir = `${web}dist/widget/v1`;
  await build({
    ...shared,
    root: `${web}widget`,
    plugins: [plainImports],
    build: {
      ...shared.build,
      outDir,
      rollupOptions: {
        input: { chat: `${web}widget/mount.ts` },
        // What every part needs is in the conversation's own file, which each finds loaded: one request, packed as one.
        preserveEntrySignatures: "allow-extension",
        output: { format: "es", entryFileNames: "[name]-[hash].js", chunkFileNames: "[name]-[hash].js" },
      },
    },
  });
  const chat = (await readdir(outDir)).find((name) => /^chat-.*\.js$/.test(name));
  if (chat === undefined) throw new Error(`The build left no chat-….js in ${outDir}.`);
  await build({
    ...shared,
    root: `${web}widget`,
    define: { CHAT_FILE: JSON.stringify(chat) },
    build: {
      ...shared.build,
      outDir,
      emptyOutDir: false,
      lib: { entry: "main.ts", formats: ["iife"], name: "TandemWidget", fileName: () => "widget.js" },
    },
  });
}

const targets = { widget, chat: () => page("chat"), console: () => page("console") };

const names = process.argv.slice(2);
for (const name of names) {
  if (!(name in targets)) throw new Error(`no page named ${name}; there are: ${Object.keys(targets).join(", ")}`);
}
for (const name of names.length > 0 ? names : Object.keys(targets)) {
  await targets[name]();
  console.log(`built dist/${name}`);
}
