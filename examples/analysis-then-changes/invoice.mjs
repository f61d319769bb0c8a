import { dmy } from "./old-dates.mjs";

export const head = (invoice) => `Invoice ${invoice.number} of ${dmy(invoice.date)}, due ${dmy(invoice.due)}`;
