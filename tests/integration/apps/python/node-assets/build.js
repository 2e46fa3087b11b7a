const fs = require('fs');
fs.mkdirSync('static', { recursive: true });
fs.writeFileSync('static/page.txt', `built by node, two days are ${require('ms')('2 days')} ms`);
