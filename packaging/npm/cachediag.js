#!/usr/bin/env node
// Starts the binary of this platform, with the same streams, signals and exit status.
'use strict';

const { spawnSync } = require('child_process');

const platform = `${process.platform}-${process.arch}`;
const name = process.platform === 'win32' ? 'cachediag.exe' : 'cachediag';

function binary() {
  try {
    return require.resolve(`cachediag-${platform}/bin/${name}`);
  } catch {
    console.error(`cachediag: there is no package for ${platform}, or optional dependencies were not installed`);
    process.exit(2);
  }
}

const done = spawnSync(binary(), process.argv.slice(2), { stdio: 'inherit' });
if (done.error) {
  console.error(`cachediag: ${done.error.message}`);
  process.exit(2);
}
if (done.signal) {
  process.kill(process.pid, done.signal);
}
process.exit(done.status);
