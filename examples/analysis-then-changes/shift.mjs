import { hm as time, weekday } from "./old-dates.mjs";

export const row = (shift) => `${weekday(shift.begins)} ${time(shift.begins)}-${time(shift.ends)} ${shift.who}`;
