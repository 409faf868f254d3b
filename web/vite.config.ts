import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));
const TARGET = fileURLToPath(new URL('../.labgate/target.json', import.meta.url));

interface Target {
  readonly api: string;
  readonly issuer: string;
  readonly peopleClientId: string;
}

/** The gateway that runs on this computer, if one does. */
const target = (): Target | undefined =>
  existsSync(TARGET) ? (JSON.parse(readFileSync(TARGET, 'utf8')) as Target) : undefined;

/** For `vite` alone: says what CloudFront says of a stage, out of what the local gateway wrote. */
const discovery = (): Plugin => ({
  name: 'labgate-discovery',
  apply: 'serve',
  configureServer({ middlewares }) {
    middlewares.use('/.well-known/labgate', (_request, response) => {
      const found = target();
      if (found === undefined) {
        response.statusCode = 503;
        response.end('start the local gateway first: npm start');
        return;
      }
      const { issuer, peopleClientId } = found;
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          stage: 'dev',
          region: 'local',
          api: '',
          signIn: { issuer, clientId: peopleClientId, logoutUrl: `${issuer}/logout` },
        }),
      );
    });
  },
});

export default defineConfig({
  root,
  plugins: [react(), discovery()],
  // The address that the stage `dev` lets people sign in from.
  server: {
    host: 'localhost',
    port: 8976,
    strictPort: true,
    proxy: { '/v1': target()?.api ?? 'http://127.0.0.1:8080' },
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    sourcemap: true,
    // Without it small files become data: URLs, which the policy of the page does not allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What is loaded first, whole: 700 KB, of which 210 KB cross the network.
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      // In one file with Zod, so that it is told before the schemas of any other file are made.
      output: {
        codeSplitting: { groups: [{ name: 'zod', test: /node_modules[\\/]zod[\\/]|[\\/]no-eval\.ts$/ }] },
      },
    },
  },
  worker: { format: 'es' },
});
