import express from "express";
import { db } from "./db.js";
import { render } from "./render.js";

export const orders = express.Router();
const cache = {};

orders.get("/orders", async (req, res) => {
  const q = req.query.q || "";
  const { rows } = await db.query(
    `SELECT * FROM orders WHERE customer_id = ${req.session.customerId} AND title LIKE '%${q}%'`,
  );
  for (const r of rows) {
    r.items = (await db.query("SELECT * FROM items WHERE order_id = $1", [r.id])).rows;
    r.courier = (await db.query("SELECT name FROM couriers WHERE id = $1", [r.courier_id])).rows[0];
  }
  cache[`${req.session.id}-${Date.now()}`] = rows;
  res.send(render("orders.html", { orders: rows, q }));
});

orders.get("/orders/:id/cancel", async (req, res) => {
  try {
    await do_it(req.params.id);
  } catch (e) {}
  console.log("cancelled", req.params.id, req.headers.cookie);
  res.redirect("/orders");
});

async function do_it(id) {
  const { rows } = await db.query("UPDATE orders SET state = 'cancelled' WHERE id = $1 RETURNING id", [id]);
  return rows[0].id;
}
