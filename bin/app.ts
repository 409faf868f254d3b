#!/usr/bin/env node
/** The CDK app: `npx cdk synth`, `npx cdk deploy --all -c stage=prod`. */
import { App } from 'aws-cdk-lib';
import { addApplication } from '../lib/application.ts';
import { readSettings, SettingsError } from '../lib/settings.ts';

const app = new App();
try {
  const stage: unknown = app.node.tryGetContext('stage');
  addApplication(app, readSettings(String(stage), new URL('../settings/', import.meta.url)));
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
