// One self-contained ES module with its CSS inlined: notebooks resolve no second file.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { minify } from "terser";

const here = dirname(fileURLToPath(import.meta.url));
const outfile = resolve(here, "../labelscope/static/widget.js");
// The page of a packet is never loaded by a notebook, so that it has no say in the limit.
const packetFile = resolve(here, "../labelscope/static/packet.js");
const limit = 150_000;
const watch = process.argv.includes("--watch");

/** Style sheets are texts in the bundle; without this they would keep their spaces and comments. */
const smallCss = {
  name: "small-css",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await esbuild.transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
      return { contents: code, loader: "text" };
    });
  },
};

/** @type {esbuild.BuildOptions} */
const options = {
  entryPoints: [resolve(here, "src/index.ts")],
  outfile,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: !watch,
  sourcemap: watch ? "inline" : false,
  charset: "utf8",
  legalComments: "none",
  tsconfigRaw: {
    compilerOptions: {
      jsx: "react",
      jsxFactory: "h",
      jsxFragmentFactory: "Fragment",
      verbatimModuleSyntax: true,
    },
  },
  inject: [resolve(here, "src/jsx.ts")],
  plugins: watch ? [] : [smallCss],
  loader: { ".css": "text", ".glsl": "text" },
  logLevel: "info",
};

/** A second pass over the whole bundle: it inlines and names across modules, which saves a twentieth. */
async function write(settings) {
  const { outputFiles } = await esbuild.build({ ...settings, write: false });
  const compress = { passes: 2 };
  const { code } = await minify(outputFiles[0].text, { module: true, ecma: 2022, compress });
  writeFileSync(settings.outfile, code);
}

mkdirSync(dirname(outfile), { recursive: true });
if (watch) {
  const context = await esbuild.context(options);
  await context.watch();
} else {
  await write(options);
  await write({
    ...options,
    entryPoints: [resolve(here, "src/packet/main.ts")],
    outfile: packetFile,
    format: "iife",
  });
  const size = gzipSync(readFileSync(outfile)).length;
  if (size > limit) throw new Error(`widget.js is ${size} bytes gzipped; the limit is ${limit}`);
  process.stdout.write(`widget.js: ${size} bytes gzipped of ${limit}\n`);
}
