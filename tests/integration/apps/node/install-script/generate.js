require('fs').writeFileSync('generated.txt', `postinstall saw ${require('semver').clean('v1.2.3')}`);
