// chromium.mjs URL...: Chromium's EventSource at each URL, all of one server. A JSON line for each
// event.
import { launch } from '../../browser/chromium.mjs';

const urls = process.argv.slice(2);
const browser = await launch('/usr/bin/chromium');
const page = await browser.newPage();
await page.exposeFunction('tell', (event) => console.log(JSON.stringify(event)));
// Any document of the server's will do, and what is not there is one as well.
await page.goto(new URL('/page', urls[0]).href);
await page.evaluate((urls) => {
  for (const url of urls) {
    const source = new EventSource(url);
    source.addEventListener('tick', ({ data, lastEventId: id }) => tell({ url, id, data }));
  }
}, urls);
