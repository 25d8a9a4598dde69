// SPDX-License-Identifier: Apache-2.0
// A daily report for AWS Lambda, with the AWS SDK for JavaScript v2: the orders of the day before, by mail.
'use strict';

const AWS = require('aws-sdk');

const db = new AWS.DynamoDB.DocumentClient();
const ses = new AWS.SES();

exports.handler = async (event) => {
  const day = new Date(Date.parse(event.time) - 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
  const { Items } = await db
    .query({
      TableName: process.env.ORDERS_TABLE,
      KeyConditionExpression: '#day = :day',
      ExpressionAttributeNames: { '#day': 'day' },
      ExpressionAttributeValues: { ':day': day },
    })
    .promise();
  const total = Items.reduce((sum, order) => sum + order.amount, 0);
  const text = Items.map((order) => `${order.id}: ${order.amount.toFixed(2)}`);
  const { MessageId } = await ses
    .sendEmail({
      Source: process.env.SENDER,
      Destination: { ToAddresses: [process.env.RECIPIENT] },
      Message: {
        Subject: { Data: `${Items.length} orders on ${day}: ${total.toFixed(2)} EUR` },
        Body: { Text: { Data: text.join('\n') || 'No orders.' } },
      },
    })
    .promise();
  console.log(`report of ${day} sent: ${MessageId}`);
};
