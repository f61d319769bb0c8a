const two = (number) => String(number).padStart(2, "0");

export const dmy = (date) => `${two(date.getDate())}.${two(date.getMonth() + 1)}.${date.getFullYear()}`;
export const hm = (date) => `${two(date.getHours())}:${two(date.getMinutes())}`;
export const weekday = (date) => ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][date.getDay()];
export const quarter = (date) => `Q${Math.floor(date.getMonth() / 3) + 1}`;
