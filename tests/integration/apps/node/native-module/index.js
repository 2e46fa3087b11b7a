const fs = require('fs');
const http = require('http');
const answer = require('./build/Release/answer.node');

const headers = fs.existsSync('/app/heroku/node/include') ? 'there' : 'missing';
http.createServer((request, response) => response.end(`C says ${answer()}; headers ${headers}`)).listen(process.env.PORT, '0.0.0.0');
