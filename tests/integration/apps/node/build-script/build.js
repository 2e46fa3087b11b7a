const fs = require('fs');
const semver = require('semver');

fs.mkdirSync('dist');
fs.writeFileSync('dist/text', `built with semver ${semver.clean('v1.2.3')}, ${fs.readFileSync('prebuild.txt', 'utf8').trim()}`);
