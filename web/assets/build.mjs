// Builds the console's assets into web/static/: hashed names, and a manifest the templates read.
import { build } from "esbuild";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static");

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const result = await build({
  absWorkingDir: here,
  entryPoints: {
    console: "ts/console.ts",
    watch: "ts/watch.ts",
    style: "css/console.css",
    player: "css/player.css",
  },
  outdir: out,
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome115", "firefox115", "safari16"],
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
});

const manifest = {};
for (const [path, file] of Object.entries(result.metafile.outputs)) {
  if (!file.entryPoint) continue;
  const name = basename(path).replace(/-[A-Z0-9]{8}(?=\.)/, "");
  manifest[name] = relative(out, join(here, path)).replaceAll("\\", "/");
}
await cp(join(here, "img"), out, { recursive: true });
await writeFile(join(out, "licenses.txt"), await licences());
await writeFile(join(out, "manifest.json"), JSON.stringify(manifest, null, 1) + "\n");

/** The licences of what is bundled, to go with the bundle. */
async function licences() {
  const bundled = new Set();
  for (const input of Object.keys(result.metafile.inputs)) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (name) bundled.add(name);
  }
  const texts = [...bundled].sort().map(async (name) => {
    const folder = join(here, "..", "..", "node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    return `== ${name} ${version} ==\n\n${await readFile(join(folder, "LICENSE"), "utf8")}`;
  });
  return (await Promise.all(texts)).join("\n\n");
}
