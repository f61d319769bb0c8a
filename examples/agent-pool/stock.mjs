const stock = new Map();

export const inStock = (article) => stock.get(article) ?? 0;

/** The stock of an article after so many came in or, below zero, went out. */
export function change(article, count) {
  const left = inStock(article) + count;
  if (left < 0) throw new RangeError(`only ${inStock(article)} of ${article} in stock`);
  stock.set(article, left);
  return left;
}
