// Draw each dashboard in Chromium in each situation, in light and in dark: the first screen of a laptop, and the whole
// with all rows expanded; end with 1 where drawing fails.
import { build } from 'esbuild';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { chromium } from 'playwright-core';
import UPNG from 'upng-js';

const [folder, into, executablePath, ...files] = process.argv.slice(2);
const WIDTH = 1366;
const FIRST_SCREEN = 900;
// Only what is in sight is drawn.
const HEIGHT = 6000;
const SETTLED = 700;
const COLOURS = 128;
const HOME = 'http://look.invalid/';
// Grafana's own style sheet, which is not on npm, begins so.
const PAGE = '<!doctype html><style>#page * { box-sizing: border-box }</style><body style="margin: 0"><div id="page"></div>';
const NO_ICON = '<svg xmlns="http://www.w3.org/2000/svg"/>';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

const { outputFiles } = await build({
  bundle: true, define: { 'process.env.NODE_ENV': '"production"' }, entryPoints: ['src/page.jsx'], format: 'iife',
  jsx: 'automatic', loader: { '.ttf': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl' }, outdir: 'build', write: false,
});
const [script, style] = ['.js', '.css'].map((kind) => outputFiles.find(({ path }) => path.endsWith(kind)).text);
const browser = await chromium.launch({ executablePath, args: FLAGS });

/** Return a picture with few colours, as is enough for a document. */
function small(picture) {
  const { width, height, ...image } = UPNG.decode(picture);
  return Buffer.from(UPNG.encode(UPNG.toRGBA8({ width, height, ...image }), width, height, COLOURS));
}

const dashboards = readdirSync(folder).map((name) => JSON.parse(readFileSync(`${folder}/${name}`)));

async function opened(name) {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } });
  page.on('pageerror', (error) => {
    console.log(`!!! ${name}: ${error}`);
    process.exitCode = 1;
  });
  // Nothing leaves the browser.
  await page.route('**', (route) => route.fulfill(route.request().url() === HOME
    ? { contentType: 'text/html', body: PAGE } : { contentType: 'image/svg+xml', body: NO_ICON }));
  await page.goto(HOME);
  await page.addStyleTag({ content: style });
  await page.addScriptTag({ content: script });
  return page;
}

for (const file of files) {
  const { since, until, selected, choices: { all } } = JSON.parse(readFileSync(file));
  for (const dashboard of dashboards) {
    for (const mode of ['light', 'dark']) {
      const name = `${dashboard.uid}-${basename(file, '.json')}-${mode}`;
      const page = await opened(name);
      for (const whole of [false, true]) {
        const options = { mode, width: WIDTH, since, until, whole, selected: selected[dashboard.uid] };
        await page.evaluate((drawing) => globalThis.draw(...drawing), [dashboard, all[dashboard.uid], options]);
        await page.waitForTimeout(SETTLED);
        if (whole) {
          await page.locator('#page').screenshot({ path: `${into}/${name}.png` });
        } else {
          const first = await page.screenshot({ clip: { x: 0, y: 0, width: WIDTH, height: FIRST_SCREEN } });
          writeFileSync(`${into}/${name}-first.png`, small(first));
        }
      }
      await page.close();
    }
  }
}
await browser.close();
