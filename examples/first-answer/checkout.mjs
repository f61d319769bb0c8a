/** The order of a cart: the one that it has, or a new one that is paid for. */
export async function checkout(cart, { orders, payments, log }) {
  const known = await orders.ofCart(cart.id);
  if (known) return known;
  const charge = await payments.charge(cart.card, cart.total);
  log(`charged cart=${cart.id} charge=${charge.id}`);
  const order = await orders.add({ cart: cart.id, charge: charge.id }); // replaces what the cart had
  log(`order ${order.id} cart=${cart.id}`);
  return order;
}
