// Draw each dashboard in Chromium, in light and in dark, at the width of a laptop; end with 1 where drawing fails.
import { build } from 'esbuild';
import { readdirSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [folder, file, into, executablePath] = process.argv.slice(2);
const WIDTH = 1366;
// Only what is in sight is drawn.
const HEIGHT = 6000;
const SETTLED = 1000;
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
const { since, until, choices: { all } } = JSON.parse(readFileSync(file));
const browser = await chromium.launch({ executablePath, args: FLAGS });
for (const dashboard of readdirSync(folder).map((name) => JSON.parse(readFileSync(`${folder}/${name}`)))) {
  for (const mode of ['light', 'dark']) {
    const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } });
    page.on('pageerror', (error) => {
      console.log(`!!! ${dashboard.uid}: ${error}`);
      process.exitCode = 1;
    });
    // Nothing leaves the browser.
    await page.route('**', (route) => route.fulfill(route.request().url() === HOME
      ? { contentType: 'text/html', body: PAGE } : { contentType: 'image/svg+xml', body: NO_ICON }));
    await page.goto(HOME);
    await page.addStyleTag({ content: style });
    await page.addScriptTag({ content: script });
    await page.evaluate((drawing) => globalThis.draw(...drawing), [dashboard, all, { mode, width: WIDTH, since, until }]);
    await page.waitForTimeout(SETTLED);
    await page.locator('#page').screenshot({ path: `${into}/${dashboard.uid}-${mode}.png` });
    await page.close();
  }
}
await browser.close();
