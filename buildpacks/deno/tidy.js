// Leaves of what Deno has fetched what the app needs, the same in every build: tidy.js CACHE APP
//
// CACHE/npm     packages, and beside them what the registry said of them: of the versions that are used, no others
// CACHE/remote  modules, with the time and the headers of their answers in the last line: those that count
//
// Packages that were put into node_modules are not kept twice.

const [cache, app] = Deno.args;
const MARK = '\n// denoCacheMetadata=';
const USED = [
  'version', 'bin', 'dependencies', 'optionalDependencies', 'bundleDependencies', 'bundledDependencies',
  'peerDependencies', 'peerDependenciesMeta', 'os', 'cpu', 'libc', 'hasInstallScript',
];
const SCRIPTS = ['preinstall', 'install', 'postinstall'];
const HEADERS = ['content-type', 'location', 'x-typescript-types'];

function entries(folder) {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function* files(folder) {
  for (const { name, isDirectory } of entries(folder)) {
    if (isDirectory) yield* files(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

// "react-dom@18.2.0_react@18.2.0" is version 18.2.0 of react-dom, with what it stands beside.
function exact(key) {
  const at = key.indexOf('@', 1);
  return key.slice(0, at + 1) + key.slice(at + 1).split('_')[0];
}

function locked() {
  try {
    const lock = JSON.parse(Deno.readTextFileSync(`${app}/deno.lock`));
    return Object.keys(lock.npm ?? lock.packages?.npm ?? {}).map(exact);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

// What the registry said, by the path of its file: one for each package, and nothing of the packages themselves.
function* registries(folder) {
  const found = entries(folder);
  if (found.some((entry) => entry.name === 'registry.json')) yield `${folder}/registry.json`;
  else for (const { name, isDirectory } of found) if (isDirectory) yield* registries(`${folder}/${name}`);
}

const linked = entries(`${app}/node_modules/.deno`).filter((entry) => entry.isDirectory);
const used = new Set([
  ...locked(),
  ...linked.map(({ name }) => exact(name.startsWith('@') ? name.replace('+', '/') : name)),
]);

// A registry tells more of a version at one time than at another, depending on which of its servers answers.
function essence(version) {
  const { dist: { tarball, integrity, shasum } = {}, scripts = {} } = version;
  const install = Object.fromEntries(SCRIPTS.filter((name) => name in scripts).map((name) => [name, scripts[name]]));
  return {
    ...Object.fromEntries(USED.filter((name) => name in version).map((name) => [name, version[name]])),
    dist: integrity ? { tarball, integrity } : { tarball, shasum },
    ...(Object.keys(install).length ? { scripts: install } : {}),
  };
}

function shortened(path) {
  const said = JSON.parse(Deno.readTextFileSync(path));
  const there = entries(path.slice(0, path.lastIndexOf('/'))).map((entry) => entry.name);
  const kept = Object.keys(said.versions ?? {})
    .filter((version) => there.includes(version) || used.has(`${said.name}@${version}`));
  const tags = Object.entries(said['dist-tags'] ?? {}).filter(([, version]) => kept.includes(version));
  return JSON.stringify({
    name: said.name,
    'dist-tags': Object.fromEntries(tags),
    versions: Object.fromEntries(kept.map((version) => [version, essence(said.versions[version])])),
  }, sorted);
}

// Older Denos write the names of an object in an order that differs from time to time.
function sorted(_, value) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function tidyPackages() {
  const texts = [...registries(`${cache}/npm`)].map((path) => [path, shortened(path)]);
  if (linked.length) Deno.removeSync(`${cache}/npm`, { recursive: true });
  for (const [path, text] of texts) {
    Deno.mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true });
    Deno.writeTextFileSync(path, text);
  }
}

function tidyModule(path) {
  const bytes = Deno.readFileSync(path);
  const at = new TextDecoder('latin1').decode(bytes).lastIndexOf(MARK);
  if (at < 0) return;
  const said = JSON.parse(new TextDecoder().decode(bytes.subarray(at + MARK.length)));
  const headers = Object.fromEntries(HEADERS.flatMap((name) => (name in said.headers ? [[name, said.headers[name]]] : [])));
  const last = new TextEncoder().encode(MARK + JSON.stringify({ headers, url: said.url, time: 0 }));
  const made = new Uint8Array(at + last.length);
  made.set(bytes.subarray(0, at));
  made.set(last, at);
  Deno.writeFileSync(path, made);
}

tidyPackages();
for (const path of files(`${cache}/remote`)) tidyModule(path);
