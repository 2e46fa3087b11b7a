module.exports = () => `greet knows ms: ${require('ms')('1h')}`;
