/** A price with tax; the rate is in percent. */
export const gross = (net, rate) => Math.round(net * (1 + rate / 100) * 100) / 100;

/** The tax within a price. */
export const tax = (net, rate) => Math.round(net * (rate / 100) * 100) / 100;

/** A price after a discount in percent. */
export const reduced = (price, percent) => Math.round(price * (1 - percent / 100) * 100) / 100;
