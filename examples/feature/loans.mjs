// The lending desk of a library: who has which copy, and until when.
export const LOAN_DAYS = 28;

export class LoanError extends Error {}

export class Desk {
  #loans = new Map(); // by copy: { reader, due }
  #today;

  /** `today` returns the number of the day; tests pass their own. */
  constructor(today = () => Math.floor(Date.now() / 86_400_000)) {
    this.#today = today;
  }

  /** The day on which the copy is due. */
  borrow(copy, reader) {
    if (this.#loans.has(copy)) throw new LoanError(`${copy} is on loan`);
    const due = this.#today() + LOAN_DAYS;
    this.#loans.set(copy, { reader, due });
    return due;
  }

  /** Who had the copy, and how many days too long. */
  giveBack(copy) {
    const loan = this.#loans.get(copy);
    if (!loan) throw new LoanError(`${copy} is not on loan`);
    this.#loans.delete(copy);
    return { reader: loan.reader, daysLate: Math.max(0, this.#today() - loan.due) };
  }

  /** Whether somebody may take the copy home now. */
  isAvailable(copy) {
    return !this.#loans.has(copy);
  }
}
