// SPDX-License-Identifier: Apache-2.0
// A user API for AWS Lambda behind a REST API. Users are items of a DynamoDB table.
'use strict';

const { randomUUID } = require('crypto');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const {
  DynamoDBDocumentClient,
  DeleteCommand,
  GetCommand,
  PutCommand,
  ScanCommand,
} = require('@aws-sdk/lib-dynamodb');

const db = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const TableName = process.env.USERS_TABLE;

exports.handler = async (event) => {
  const id = event.pathParameters && event.pathParameters.id;
  switch (event.httpMethod) {
    case 'GET': {
      if (!id) return answer(200, (await db.send(new ScanCommand({ TableName }))).Items);
      const { Item } = await db.send(new GetCommand({ TableName, Key: { id } }));
      return Item ? answer(200, Item) : notFound(id);
    }
    case 'POST': {
      const Item = { ...JSON.parse(event.body), id: randomUUID() };
      await db.send(new PutCommand({ TableName, Item }));
      return answer(201, Item);
    }
    case 'PUT': {
      const Item = { ...JSON.parse(event.body), id };
      try {
        await db.send(new PutCommand({ TableName, Item, ConditionExpression: 'attribute_exists(id)' }));
      } catch (error) {
        if (error.name === 'ConditionalCheckFailedException') return notFound(id);
        throw error;
      }
      return answer(200, Item);
    }
    case 'DELETE':
      await db.send(new DeleteCommand({ TableName, Key: { id } }));
      return { statusCode: 204, body: '' };
    default:
      return answer(405, { message: `${event.httpMethod} is not supported` });
  }
};

function notFound(id) {
  return answer(404, { message: `there is no user ${id}` });
}

function answer(statusCode, value) {
  return { statusCode, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}
