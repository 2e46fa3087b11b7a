// Chooses exact versions as npm does: the newest that a range allows, pre-releases only where the range names one.
//
//   node choose-version.js node PACKAGE RANGE             prints a version of Node.js
//   node choose-version.js npm NODE RANGE                 prints a version of npm for that Node.js; RANGE may be ''
//   node choose-version.js manager PACKAGE NODE RANGE     prints a version of another package manager
//
// Prints to standard error and exits 1 if there is none. What exists is asked with npm, so its settings hold.
'use strict';
const { spawnSync } = require('child_process');
const { realpathSync } = require('fs');
const path = require('path');

const own = path.join(realpathSync(process.execPath), '../../lib/node_modules/npm');
const semver = require(path.join(own, 'node_modules/semver'));

// The npm that each line of Node.js is published with: the field "npm" of the release index that nodejs.org keeps.
const BUNDLED = {
  26: 11, 25: 11, 24: 11, 23: 10, 22: 10, 21: 10, 20: 10, 19: 9, 18: 10, 17: 8, 16: 8, 15: 7, 14: 6, 13: 6, 12: 6,
  11: 6, 10: 6, 9: 5, 8: 6, 7: 4, 6: 3, 5: 3, 4: 2, 0: 2,
};
const NEWEST_BUNDLED = 11;

function ask(...words) {
  const npm = path.join(own, 'bin/npm-cli.js');
  const asked = spawnSync(process.execPath, [npm, 'view', '--json', ...words], { maxBuffer: 1 << 28 });
  let found;
  try { found = JSON.parse(asked.stdout.toString() || '[]'); } catch (error) { found = { error: { summary: String(error) } }; }
  if (found && found.error && found.error.code !== 'E404') {
    fail('npm could not ask the package registry: ' + String(found.error.code || '') + ' ' + String(found.error.summary || '').slice(0, 300));
  }
  if (!found || found.error) return [];
  return Array.isArray(found) ? found : [found];
}

function fail(text) {
  process.stderr.write(text + '\n');
  process.exit(1);
}

function newestOfEachLine(versions) {
  const lines = new Map();
  for (const version of versions.filter((v) => !semver.prerelease(v)).sort(semver.rcompare)) {
    const line = semver.major(version);
    if (!lines.has(line)) lines.set(line, version);
  }
  return [...lines.values()].slice(0, 8).join(', ');
}

function chooseNode(name, range) {
  const versions = ask(name, 'versions').filter((version) => semver.valid(version));
  const found = semver.maxSatisfying(versions, range);
  if (!found) fail(`there is no version of Node.js that satisfies "${range}"; there are ${newestOfEachLine(versions)}`);
  return found;
}

function fitting(all, node) {
  return all.filter(({ engines }) => !(engines && engines.node) || semver.satisfies(node, engines.node));
}

function nothingFits(name, all, node, range) {
  return fail(all.length
    ? `no version of ${name} that satisfies "${range}" runs on Node.js ${node}: ask for another one, or another Node.js`
    : `there is no version of ${name} that satisfies "${range}"`);
}

function chooseNpm(node, range) {
  const bundled = BUNDLED[semver.major(node)] || NEWEST_BUNDLED;
  const all = ask(range ? `npm@${range}` : `npm@>=${Math.max(1, bundled - 2)} <${bundled + 1}`, 'name', 'version', 'engines');
  const fits = fitting(all, node);
  const usual = fits.filter(({ version }) => semver.major(version) === bundled);
  for (const candidates of [usual, fits]) {
    const found = semver.maxSatisfying(candidates.map(({ version }) => version), range || '*');
    if (found) return found;
  }
  return nothingFits('npm', all, node, range);
}

// The package "yarn" is version 1 and some of version 2; those from 2 on are @yarnpkg/cli-dist.
function chooseManager(name, node, range) {
  const title = name.replace('@yarnpkg/cli-dist', 'yarn');
  const all = ask(`${name}@${range}`, 'name', 'version', 'engines')
    .filter(({ version }) => name !== 'yarn' || semver.major(version) < 2);
  return semver.maxSatisfying(fitting(all, node).map(({ version }) => version), range)
    || nothingFits(title, all, node, range);
}

const [what, ...words] = process.argv.slice(2);
console.log({ node: chooseNode, npm: chooseNpm, manager: chooseManager }[what](...words));
