import assert from "node:assert/strict";
import { test } from "node:test";
import { Desk, LOAN_DAYS, LoanError } from "./loans.mjs";

/** A desk, and the day that it takes for today. */
function deskAt(day) {
  const clock = { day };
  return { desk: new Desk(() => clock.day), clock };
}

test("a copy is due after the days of a loan", () => {
  const { desk } = deskAt(100);
  assert.equal(desk.borrow("Emma-1", "Ada"), 100 + LOAN_DAYS);
});

test("a copy on loan is lent to nobody else", () => {
  const { desk } = deskAt(100);
  desk.borrow("Emma-1", "Ada");
  assert.throws(() => desk.borrow("Emma-1", "Ben"), new LoanError("Emma-1 is on loan"));
});

test("days late are counted from the day after it was due", () => {
  const { desk, clock } = deskAt(100);
  clock.day = desk.borrow("Emma-1", "Ada") + 2;
  assert.deepEqual(desk.giveBack("Emma-1"), { reader: "Ada", daysLate: 2 });
});

test("a copy that is given back is available", () => {
  const { desk } = deskAt(100);
  desk.borrow("Emma-1", "Ada");
  assert.equal(desk.isAvailable("Emma-1"), false);
  desk.giveBack("Emma-1");
  assert.equal(desk.isAvailable("Emma-1"), true);
});
