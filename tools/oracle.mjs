// The official Kaitai Struct compiler as a black box, for tests only: its npm package has no command line, so this is one.
//
//   node tools/oracle.mjs [--modules DIR] [--target python] [-I DIR]... [--debug] -o OUT SPEC...
//
// Needs the npm packages `kaitai-struct-compiler` and `yaml`, looked for in --modules DIR, in $NODE_PATH and in node_modules
// beside or above the working directory. Prints one JSON document:
//   {"version": "0.11.0", "results": [{"spec", "ok", "files": [...], "errors": [...]}]}
// Exit 0: every spec compiled; 1: some did not (their errors are in the JSON); 2: wrong usage; 3: the packages are absent.
//
// Imports: a relative name is looked up beside the first spec, an absolute one (`/common/x`) in each -I directory in order.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

function usage(message) {
  process.stderr.write(`oracle: ${message}\n`);
  process.exit(2);
}

function readArguments(argv) {
  const options = { modules: [], target: "python", importPaths: [], debug: false, out: null, specs: [] };
  const takesValue = {
    "--modules": (value) => options.modules.push(value),
    "--target": (value) => { options.target = value; },
    "-I": (value) => options.importPaths.push(value),
    "-o": (value) => { options.out = value; },
  };
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i];
    if (word in takesValue) {
      if (++i >= argv.length) usage(`${word} needs a value`);
      takesValue[word](argv[i]);
    } else if (word === "--debug") options.debug = true;
    else if (word.startsWith("-")) usage(`unknown option ${word}`);
    else options.specs.push(word);
  }
  if (options.out === null) usage("-o OUT is missing");
  if (options.specs.length === 0) usage("no spec given");
  return options;
}

function load(name, folders) {
  for (const folder of folders) {
    const anchor = path.join(path.resolve(folder), "..", "anchor.js"); // require() resolves from the parent of node_modules
    try {
      return createRequire(anchor)(name);
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  process.stderr.write(`oracle: npm package ${name} not found; looked in ${folders.join(", ")}\n`);
  process.exit(3);
}

// The compiler takes only 32-bit numbers as such; any other is handed over as text, which it reads as an expression.
function plainNumbers(value) {
  if (typeof value === "bigint") return BigInt.asIntN(32, value) === value ? Number(value) : value.toString();
  if (typeof value === "number") return value.toString();
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainNumbers(item)]));
  }
  return value;
}

const options = readArguments(process.argv.slice(2));
const folders = [
  ...options.modules,
  ...(process.env.NODE_PATH ? process.env.NODE_PATH.split(path.delimiter).filter(Boolean) : []),
  path.join(process.cwd(), "node_modules"),
];
const compiler = load("kaitai-struct-compiler", folders);
const YAML = load("yaml", folders);
const parse = (file) => plainNumbers(YAML.parse(fs.readFileSync(file, "utf8"), { intAsBigInt: true, prettyErrors: true }));

function importerFor(spec) {
  return {
    async importYaml(name, mode) {
      const roots = mode === "abs" ? options.importPaths : [path.dirname(spec)];
      const tried = roots.map((root) => path.join(root, `${name}.ksy`));
      const found = tried.find((file) => fs.existsSync(file));
      if (found === undefined) throw new Error(`import ${name} (${mode}) not found; tried ${tried.join(", ") || "no -I path"}`);
      return parse(found);
    },
  };
}

// Errors arrive as strings, as JavaScript errors or as exceptions of the compiler's own, depending on the phase.
function describe(error) {
  if (error === null || error === undefined) return String(error);
  const text = typeof error === "string" ? error : error.message ?? (error.getMessage__T ? error.getMessage__T() : String(error));
  return text.split("\n").filter((line) => line.trim() !== "").join("\n");
}

// A failed cast inside the compiler is printed by it and its promise is never settled: what is left is an idle event loop.
let settled = () => {};
const printed = [];
console.error = (...words) => printed.push(words.join(" "));
process.on("beforeExit", () => settled());
function compile(spec) {
  printed.length = 0;
  return new Promise((resolve, reject) => {
    settled = () => reject(new Error(`the compiler crashed: ${(printed[0] ?? "no reason given").split("\n")[0]}`));
    compiler.compile(options.target, parse(spec), importerFor(spec), options.debug).then(resolve, reject);
  });
}

fs.mkdirSync(options.out, { recursive: true });
const results = [];
for (const spec of options.specs) {
  try {
    const files = await compile(spec);
    const written = [];
    for (const [name, text] of Object.entries(files)) {
      const target = path.join(options.out, name);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, text);
      written.push(target);
    }
    results.push({ spec, ok: true, files: written, errors: [] });
  } catch (error) {
    results.push({ spec, ok: false, files: [], errors: [describe(error)] });
  }
}
process.stdout.write(JSON.stringify({ version: compiler.version, results }) + "\n");
process.exitCode = results.every((result) => result.ok) ? 0 : 1;
