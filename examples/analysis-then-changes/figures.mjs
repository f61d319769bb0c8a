import * as dates from "./old-dates.mjs";

export const title = (date) => `Turnover ${dates.quarter(date)}, as of ${dates.dmy(date)}`;
