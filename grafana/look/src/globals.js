// What Grafana's parts expect of a browser where there is none.
globalThis.window ??= globalThis;
globalThis.navigator ??= { language: 'en-GB', languages: ['en-GB'] };
