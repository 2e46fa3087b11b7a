const answer = require('fs').readFileSync('generated.txt');

require('http').createServer((request, response) => response.end(answer)).listen(process.env.PORT, '0.0.0.0');
