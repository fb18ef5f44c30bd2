//! Records as DynamoDB writes them.
