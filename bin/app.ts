#!/usr/bin/env node
/** The CDK app: `npx cdk synth`, `npx cdk deploy --all -c stage=prod`; `-c page=FOLDER` takes a page that is built. */
import { App } from 'aws-cdk-lib';
import { addApplication } from '../lib/application.ts';
import { readSettings, SettingsError } from '../lib/settings.ts';
import { buildPage } from '../web/build.ts';

const app = new App();
try {
  const stage: unknown = app.node.tryGetContext('stage');
  const settings = readSettings(String(stage), new URL('../settings/', import.meta.url));
  const built: unknown = app.node.tryGetContext('page');
  addApplication(app, settings, typeof built === 'string' ? built : await buildPage());
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
