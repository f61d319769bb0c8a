/** The sum of a cart, in euros; each line is { price, count }. */
export const sum = (lines) => lines.reduce((total, line) => total + line.price * line.count, 0);
