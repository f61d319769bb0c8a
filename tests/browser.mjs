// Chromium for the tests: each line of stdin is an order as JSON, each line of stdout its answer.
// node browser.mjs PLAYWRIGHT CHROMIUM AXE
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [playwright, program, axe] = process.argv.slice(2);
const { chromium } = await import(pathToFileURL(`${playwright}/index.mjs`));
const browser = await chromium.launch({ executablePath: program });
let page = null, errors = [], requests = [];

const orders = {
  async open({ url, scheme = "light", width = 1280, height = 900, script = true, motion = "no-preference", trusted = false }) {
    await page?.context().close();
    const context = await browser.newContext({
      viewport: { width, height }, colorScheme: scheme, javaScriptEnabled: script, reducedMotion: motion, bypassCSP: trusted,
    });
    page = await context.newPage();
    errors = [];
    requests = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => { if (message.type() === "error") errors.push(message.text()); });
    page.on("dialog", (dialog) => { errors.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(url);
  },
  seen: async () => ({ errors, requests }),
  evaluate: async ({ code }) => page.evaluate(code),
  click: async ({ at }) => page.click(at, { timeout: 10000 }),
  press: async ({ keys }) => { for (const key of keys) await page.keyboard.press(key); },
  type: async ({ at, text }) => page.fill(at, text),
  choose: async ({ at, value }) => page.selectOption(at, value),
  drag: async ({ at, from, to }) => {
    const box = await page.locator(at).boundingBox();
    await page.mouse.move(box.x + box.width * from, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * to, box.y + 20, { steps: 4 });
    await page.mouse.up();
  },
  wheel: async ({ at, by, times }) => {
    if (at) await page.hover(at);
    else await page.mouse.move(4, 400); // beside everything that scrolls by itself
    for (let n = 0; n < times; n++) { await page.mouse.wheel(0, by); await page.waitForTimeout(16); }
  },
  pdf: async ({ path }) => { await page.pdf({ path, format: "A4" }); },
  shot: async ({ path }) => { await page.screenshot({ path }); },
  resize: async ({ width, height }) => page.setViewportSize({ width, height }),
  async audit() {
    await page.evaluate(readFileSync(axe, "utf8"));
    const { passes, violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations", "passes"] }));
    const told = violations.map((one) => ({ id: one.id, impact: one.impact, where: one.nodes.slice(0, 5).map((node) => `${node.target} ${node.failureSummary}`) }));
    return { passes: passes.map((one) => one.id), violations: told };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { order, ...values } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await orders[order](values)) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
