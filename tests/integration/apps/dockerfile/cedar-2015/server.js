const fs = require('fs');
const listed = fs.readFileSync('/app/heroku/listed', 'utf8').split('\n').filter((name) => name).join(' ');
require('http').createServer((request, response) => response.end(listed)).listen(process.env.PORT);
