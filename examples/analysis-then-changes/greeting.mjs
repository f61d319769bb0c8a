export const greeting = (date) => (date.getHours() < 12 ? "Good morning" : "Good day");
