/** All stacks of one deployment, and the rules that every one of them must pass. */
import { type App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { ApiStack } from './api-stack.ts';
import { DevicesStack } from './devices-stack.ts';
import { OperationsStack } from './operations-stack.ts';
import { ProcessingStack } from './processing-stack.ts';
import type { Settings } from './settings.ts';
import { StorageStack } from './storage-stack.ts';
import { WebStack } from './web-stack.ts';

/**
 * Adds the stacks of a deployment to an app.
 * @param page folder of the built page
 * @returns the stacks in the order in which they are deployed
 */
export const addApplication = (app: App, settings: Settings, page: string) => {
  const name = (stack: string): string => `labgate-${settings.stage}-${stack}`;
  const env = { region: settings.region };
  const storage = new StorageStack(app, name('storage'), { env, settings });
  const devices = new DevicesStack(app, name('devices'), { env, settings, storage });
  const processing = new ProcessingStack(app, name('processing'), { env, settings, storage, devices });
  const api = new ApiStack(app, name('api'), { env, settings, storage, devices, processing });
  const web = new WebStack(app, name('web'), { env, settings, api, page, live: api.live });
  const watched = { storage, devices, processing, api };
  const operations = new OperationsStack(app, name('operations'), { env, settings, ...watched });
  Tags.of(app).add('application', 'labgate');
  Tags.of(app).add('stage', settings.stage);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  return { ...watched, web, operations } as const;
};
