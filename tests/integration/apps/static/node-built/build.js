const fs = require('fs');
fs.mkdirSync('dist/about', { recursive: true });
fs.writeFileSync('dist/index.html', `built by node: two days are ${require('ms')('2 days')} ms`);
fs.writeFileSync('dist/about/index.html', 'about');
