// Runs the unit tests, *.test.ts beside this file, with Node's own runner.
import {buildSync} from 'esbuild';
import {spawnSync} from 'node:child_process';
import {readdirSync, rmSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = fileURLToPath(new URL('../.test/', import.meta.url));
rmSync(out, {recursive: true, force: true});
const tests = readdirSync(here).filter(name => name.endsWith('.test.ts'));
buildSync({
  entryPoints: tests.map(name => here + name),
  outdir: out,
  outExtension: {'.js': '.mjs'},
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
});
const done = spawnSync(
    process.execPath, ['--test', ...tests.map(name => out + name.replace(/ts$/, 'mjs'))],
    {stdio: 'inherit'});
process.exit(done.status ?? 1);
