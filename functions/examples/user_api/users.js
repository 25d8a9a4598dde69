// SPDX-License-Identifier: Apache-2.0
// A user API for AWS Lambda behind a REST API. Users are kept in memory: by one instance, until it ends.
'use strict';

const users = new Map();

exports.handler = async (event) => {
  const id = event.pathParameters && event.pathParameters.id;
  switch (event.httpMethod) {
    case 'GET':
      if (!id) return answer(200, [...users.values()]);
      return users.has(id) ? answer(200, users.get(id)) : notFound(id);
    case 'POST': {
      const user = { ...JSON.parse(event.body), id: String(users.size + 1) };
      users.set(user.id, user);
      return answer(201, user);
    }
    case 'PUT':
      if (!users.has(id)) return notFound(id);
      users.set(id, { ...JSON.parse(event.body), id });
      return answer(200, users.get(id));
    case 'DELETE':
      return users.delete(id) ? { statusCode: 204, body: '' } : notFound(id);
    default:
      return answer(405, { message: `${event.httpMethod} is not supported` });
  }
};

function notFound(id) {
  return answer(404, { message: `there is no user ${id}` });
}

function answer(statusCode, value) {
  return {
    statusCode,
    headers: { 'Content-Type': 'application/json', 'X-Table': process.env.USERS_TABLE },
    body: JSON.stringify(value),
  };
}
