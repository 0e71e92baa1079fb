import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {gzipSync} from 'node:zlib';
import {defineConfig, type Plugin} from 'vite';

// elkjs runs in a worker that begins as text. That is 1.6 MB, so the page holds it compressed.
function elkWorker(): Plugin {
  const name = 'virtual:elk-worker';
  return {
    name,
    resolveId: id => (id === name ? id : undefined),
    load(id) {
      if (id !== name) return undefined;
      const file = createRequire(import.meta.url).resolve('elkjs/lib/elk-worker.min.js');
      const packed = gzipSync(readFileSync(file), {level: 9}).toString('base64');
      return `export default ${JSON.stringify(packed)};`;
    },
  };
}

// One file: the script and the style sheet go into the page.
function oneFile(): Plugin {
  return {
    name: 'one-file',
    enforce: 'post',
    generateBundle(_, bundle) {
      const page = bundle['index.html'];
      if (page?.type !== 'asset') throw new Error('no index.html');
      let html = String(page.source);
      for (const [name, part] of Object.entries(bundle)) {
        if (part === page) continue;
        const code = part.type === 'chunk' ? part.code : String(part.source);
        const tag = part.type === 'chunk' ?
            new RegExp(`<script[^>]*src="[^"]*${name}"[^>]*></script>`) :
            new RegExp(`<link[^>]*href="[^"]*${name}"[^>]*>`);
        if (!tag.test(html)) throw new Error(`${name} is not in the page`);
        html = html.replace(tag, '');
        html = part.type === 'chunk' ?
            html.replace(
                '</body>',
                () => `<script type="module">${
                    code.replaceAll('</script', '<\\/script')}</script>\n</body>`) :
            html.replace('</head>', () => `<style>${code}</style>\n</head>`);
        delete bundle[name];
      }
      page.source = html;
    },
  };
}

export default defineConfig({
  plugins: [elkWorker(), oneFile()],
  base: './',
  build: {
    target: 'es2022',
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4000,
  },
});
