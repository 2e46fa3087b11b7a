import ms from 'ms';

export const greet = () => `hello ${ms(3600000)}`;
