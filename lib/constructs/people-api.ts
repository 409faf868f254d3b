/** People over HTTP: who may sign in, with which roles. */
import type * as cognito from 'aws-cdk-lib/aws-cognito';
import type { Construct } from 'constructs';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

export interface PeopleApiProps extends CapabilityProps {
  /** Where people are kept. */
  readonly userPool: cognito.IUserPool;
}

/** `people-api`, which invites, disables and enables people and moves them between groups. It deletes nobody. */
export class PeopleApi extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage, userPool }: PeopleApiProps) {
    super(scope, id, { service: 'people-api', settings });
    this.writesAudit(storage, ['GetItem', 'PutItem', 'UpdateItem']);
    this.usesAccessItems(storage, ['PutItem']);
    this.environment('USER_POOL_ID', userPool.userPoolId);
    const actions = [
      'AdminAddUserToGroup',
      'AdminCreateUser',
      'AdminDisableUser',
      'AdminEnableUser',
      'AdminGetUser',
      'AdminListGroupsForUser',
      'AdminRemoveUserFromGroup',
      'AdminUserGlobalSignOut',
      'CreateGroup',
      'ListUsers',
      'ListUsersInGroup',
    ];
    this.allow(
      actions.map((action) => `cognito-idp:${action}`),
      [userPool.userPoolArn],
    );
  }
}
