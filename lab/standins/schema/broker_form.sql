-- What the form of a broker configuration knows in Centreon Web 22.10: kinds of streams, their
-- fields, the values that lists offer. Help texts are left out (column description).
-- Category `bam` comes with the module centreon-bam-server; the lab's platform has it.

insert into cb_module (cb_module_id, name, libname, loading_pos, is_bundle, is_activated) values
  (1, 'SQL', 'sql.so', 80, 0, 1), (2, 'TCP', 'tcp.so', 50, 0, 1), (3, 'file', 'file.so', 50, 0, 1),
  (6, 'NEB', 'neb.so', 10, 0, 1), (7, 'RRD', 'rrd.so', 30, 0, 1),
  (8, 'Storage', 'storage.so', 20, 0, 1), (9, 'Core', null, null, 1, 1),
  (10, 'Centreon Storage', null, null, 1, 1), (11, 'Compression', 'compression.so', 60, 0, 1),
  (12, 'Failover', null, null, 0, 1), (17, 'Dumper', 'dumper.so', 20, 0, 1),
  (18, 'Graphite', 'graphite.so', 21, 0, 1), (19, 'InfluxDB', 'influxdb.so', 22, 0, 1),
  (20, 'Correlation', 'correlation.so', 30, 0, 1), (21, 'Generic', 'lua.so', 40, 0, 1),
  (23, 'BBDO', null, null, 0, 1);

insert into cb_module_relation (cb_module_id, module_depend_id, inherit_config) values
  (1, 6, 0), (1, 8, 0), (1, 12, 1), (2, 11, 1), (2, 12, 1), (3, 11, 1), (3, 12, 1), (7, 8, 0),
  (7, 12, 1), (8, 6, 0), (8, 12, 1);

insert into cb_type (cb_type_id, type_name, type_shortname, cb_module_id) values
  (3, 'IPv4', 'ipv4', 2), (10, 'IPv6', 'ipv6', 2), (11, 'File', 'file', 3),
  (13, 'RRD file generator', 'rrd', 7),
  (14, 'Perfdata Generator (Centreon Storage) - DEPRECATED', 'storage', 8),
  (16, 'Broker SQL database - DEPRECATED', 'sql', 1), (17, 'File', 'file', 9),
  (18, 'Standard', 'standard', 9), (19, 'Syslog', 'syslog', 9),
  (20, 'Compressor', 'compressor', 11), (21, 'Failover', 'failover', 12),
  (24, 'Monitoring', 'monitoring', 9), (28, 'Database configuration reader', 'db_cfg_reader', 17),
  (29, 'Database configuration writer', 'db_cfg_writer', 17),
  (30, 'Storage - Graphite', 'graphite', 18), (31, 'Storage - InfluxDB', 'influxdb', 19),
  (33, 'Stream connector', 'lua', 21), (34, 'Unified SQL', 'unified_sql', 8),
  (35, 'BBDO Server', 'bbdo_server', 23), (36, 'BBDO Client', 'bbdo_client', 23);

insert into cb_tag (cb_tag_id, tagname) values
  (2, 'input'), (1, 'output');

insert into cb_tag_type_relation (cb_tag_id, cb_type_id, cb_type_uniq) values
  (1, 3, 0), (1, 10, 0), (1, 11, 0), (1, 13, 0), (1, 14, 0), (1, 16, 0), (2, 3, 0), (2, 10, 0),
  (2, 11, 0), (1, 28, 1), (1, 29, 1), (1, 30, 0), (1, 31, 0), (1, 33, 0), (1, 34, 0), (1, 35, 1),
  (2, 35, 1), (1, 36, 1), (2, 36, 1);

insert into cb_fieldgroup (cb_fieldgroup_id, groupname, displayname, multiple, group_parent_id) values
  (1, 'filters', '', 0, null), (2, 'metrics_column', 'Metrics column', 1, null),
  (3, 'status_column', 'Status column', 1, null), (4, 'lua_parameter', 'lua parameter', 1, null);

insert into cb_field (cb_field_id, fieldname, displayname, fieldtype, external, cb_fieldgroup_id) values
  (1, 'port', 'Connection port', 'int', null, null),
  (2, 'host', 'Host to connect to', 'text', null, null),
  (3, 'ca_certificate', 'Trusted CA''s certificate', 'text', null, null),
  (4, 'private_key', 'Private key file.', 'text', null, null),
  (5, 'public_cert', 'Public certificate', 'text', null, null),
  (6, 'tls', 'Enable TLS encryption', 'radio', null, null),
  (7, 'db_host', 'DB host', 'text', null, null), (8, 'db_user', 'DB user', 'text', null, null),
  (9, 'db_password', 'DB password', 'password', null, null),
  (10, 'db_name', 'DB name', 'text', null, null), (11, 'path', 'File path', 'text', null, null),
  (12, 'protocol', 'Serialization protocol', 'select', null, null),
  (13, 'metrics_path', 'RRD file directory for metrics', 'text', 'D=centreon_storage:T=config:C=RRDdatabase_path:CK=id:K=1', null),
  (14, 'status_path', 'RRD file directory for statuses', 'text', 'D=centreon_storage:T=config:C=RRDdatabase_status_path:CK=id:K=1', null),
  (15, 'db_type', 'DB type', 'select', null, null),
  (16, 'interval', 'Interval length', 'int', 'T=options:C=value:CK=key:K=interval_length', null),
  (17, 'length', 'RRD length', 'int', 'D=centreon_storage:T=config:C=len_storage_rrd:RPN=86400 *:CK=id:K=1', null),
  (18, 'db_port', 'DB port', 'int', null, null),
  (19, 'name', 'Name of the logger', 'text', null, null),
  (20, 'config', 'Configuration messages', 'radio', null, null),
  (21, 'debug', 'Debug messages', 'radio', null, null),
  (22, 'error', 'Error messages', 'radio', null, null),
  (23, 'info', 'Informational messages', 'radio', null, null),
  (24, 'level', 'Logging level', 'select', null, null),
  (25, 'compression', 'Compression (zlib)', 'radio', null, null),
  (26, 'compression_level', 'Compression level', 'int', null, null),
  (27, 'compression_buffer', 'Compression buffer size', 'int', null, null),
  (28, 'failover', 'Failover name', 'text', null, null),
  (31, 'retry_interval', 'Retry interval', 'int', null, null),
  (32, 'buffering_timeout', 'Buffering timeout', 'int', null, null),
  (33, 'fifo', 'File for Centreon Broker statistics', 'text', null, null),
  (34, 'queries_per_transaction', 'Maximum queries per transaction', 'int', null, null),
  (35, 'read_timeout', 'Transaction commit timeout', 'int', null, null),
  (36, 'rrd_cached_option', 'Enable RRDCached', 'radio', null, null),
  (37, 'rrd_cached', 'RRDCacheD listening socket/port', 'text', null, null),
  (38, 'max_size', 'Max file size in bytes', 'int', null, null),
  (39, 'check_replication', 'Replication enabled', 'radio', null, null),
  (40, 'rebuild_check_interval', 'Rebuild check interval in seconds', 'int', null, null),
  (41, 'max_size', 'Maximum size of file', 'int', null, null),
  (42, 'store_in_data_bin', 'Store in performance data in data_bin', 'radio', null, null),
  (43, 'insert_in_index_data', 'Insert in index data', 'text', 'T=options:C=value:CK=key:K=index_data', null),
  (44, 'write_metrics', 'Write metrics', 'radio', null, null),
  (45, 'write_status', 'Write status', 'radio', null, null),
  (46, 'negotiation', 'Enable negotiation', 'radio', null, null),
  (47, 'category', 'Filter category', 'multiselect', null, 1),
  (48, 'one_peer_retention_mode', 'One peer retention', 'radio', null, null),
  (49, 'cleanup_check_interval', 'Cleanup check interval', 'int', null, null),
  (50, 'instance_timeout', 'Instance timeout', 'int', null, null),
  (51, 'metric_naming', 'Metric naming', 'text', null, null),
  (52, 'status_naming', 'Status naming', 'text', null, null),
  (53, 'metrics_timeseries', 'Metrics timeseries', 'text', null, null),
  (54, 'status_timeseries', 'Status timeseries', 'text', null, null),
  (55, 'name', 'Name', 'text', null, 2), (56, 'value', 'Value', 'text', null, 2),
  (57, 'type', 'Type', 'select', null, 2), (58, 'is_tag', 'Tag', 'radio', null, 2),
  (59, 'name', 'Name', 'text', null, 3), (60, 'value', 'Value', 'text', null, 3),
  (61, 'type', 'Type', 'select', null, 3), (62, 'is_tag', 'Tag', 'radio', null, 3),
  (63, 'cache', 'Cache', 'radio', null, null),
  (64, 'storage_db_host', 'Storage DB host', 'text', null, null),
  (65, 'storage_db_user', 'Storage DB user', 'text', null, null),
  (66, 'storage_db_password', 'Storage DB password', 'password', null, null),
  (67, 'storage_db_name', 'Storage DB name', 'text', null, null),
  (68, 'storage_db_port', 'Storage DB port', 'int', null, null),
  (69, 'storage_db_type', 'Storage DB type', 'select', null, null),
  (71, 'name', 'Name', 'text', null, 4), (72, 'value', 'Value', 'text', null, 4),
  (73, 'type', 'Type', 'select', null, 4), (74, 'path', 'Path', 'text', null, null),
  (75, 'connections_count', 'Number of connection to the database', 'int', null, null),
  (76, 'tls_hostname', 'TLS Host name', 'text', null, null),
  (77, 'db_type', 'DB type', 'text', 'T=options:C=value:CK=key:K=unified_sql_db_type', null),
  (78, 'host', 'Listening address (optional)', 'text', null, null),
  (79, 'port', 'Listening port', 'text', null, null),
  (80, 'transport_protocol', 'Transport protocol', 'radio', null, null),
  (81, 'authorization', 'Authorization token (optional)', 'password', null, null),
  (82, 'encryption', 'Enable TLS encryption', 'radio', null, null),
  (83, 'private_key', 'Private key path', 'text', null, null),
  (84, 'certificate', 'Certificate path', 'text', null, null),
  (85, 'compression', 'Compression', 'radio', null, null),
  (86, 'retention', 'Enable retention', 'radio', null, null),
  (87, 'category', 'Filter on event categories', 'multiselect', null, null),
  (88, 'host', 'Server address', 'text', null, null),
  (89, 'port', 'Server port', 'int', null, null),
  (90, 'retry_interval', 'Retry interval (seconds)', 'int', null, null),
  (91, 'transport_protocol', 'Transport protocol', 'radio', null, null),
  (92, 'authorization', 'Authorization token (optional)', 'password', null, null),
  (93, 'encryption', 'Enable TLS encryption', 'radio', null, null),
  (94, 'ca_certificate', 'Trusted CA''s certificate path (optional)', 'text', null, null),
  (95, 'ca_name', 'Certificate Common Name (optional)', 'text', null, null),
  (96, 'compression', 'Compression', 'radio', null, null),
  (97, 'category', 'Filter on event categories', 'multiselect', null, null);

insert into cb_type_field_relation (cb_type_id, cb_field_id, is_required, order_display) values
  (3, 1, 1, 1), (3, 2, 0, 2), (3, 3, 0, 7), (3, 4, 0, 5), (3, 5, 0, 6), (3, 6, 1, 4), (3, 46, 1, 8),
  (3, 12, 1, 3), (10, 1, 1, 1), (10, 2, 0, 2), (10, 3, 0, 7), (10, 4, 0, 5), (10, 5, 0, 6),
  (10, 6, 1, 4), (10, 46, 1, 8), (10, 12, 1, 3), (11, 11, 1, 1), (11, 12, 1, 2), (11, 41, 0, 3),
  (13, 37, 0, 4), (13, 13, 1, 1), (13, 14, 1, 2), (14, 7, 1, 4), (14, 18, 1, 5), (14, 8, 1, 6),
  (14, 9, 0, 7), (14, 10, 1, 8), (14, 15, 1, 3), (14, 16, 1, 1), (14, 17, 1, 2), (16, 7, 1, 2),
  (16, 8, 1, 4), (16, 18, 1, 3), (16, 9, 0, 5), (16, 10, 1, 6), (16, 15, 1, 1), (17, 19, 1, 1),
  (17, 20, 1, 2), (17, 21, 1, 3), (17, 22, 1, 4), (17, 23, 1, 5), (17, 24, 1, 6), (18, 19, 1, 1),
  (18, 20, 1, 2), (18, 21, 1, 3), (18, 22, 1, 4), (18, 23, 1, 5), (18, 24, 1, 6), (19, 20, 1, 1),
  (19, 21, 1, 2), (19, 22, 1, 3), (19, 23, 1, 4), (19, 24, 1, 5), (20, 25, 0, 101),
  (20, 26, 0, 102), (20, 27, 0, 103), (16, 34, 0, 7), (16, 35, 0, 8), (14, 34, 0, 9),
  (14, 35, 0, 10), (14, 42, 1, 13), (14, 43, 1, 14), (17, 38, 0, 7), (24, 19, 1, 1), (24, 20, 1, 2),
  (24, 21, 1, 3), (24, 22, 1, 4), (24, 23, 1, 5), (24, 24, 1, 6), (14, 39, 0, 11), (16, 39, 0, 8),
  (14, 40, 0, 12), (13, 42, 1, 5), (13, 43, 1, 6), (13, 44, 1, 5), (13, 45, 1, 6), (3, 47, 0, 17),
  (10, 47, 0, 17), (11, 47, 0, 17), (13, 47, 0, 17), (14, 47, 0, 17), (16, 47, 0, 17),
  (3, 48, 0, 16), (10, 48, 0, 16), (16, 49, 0, 18), (16, 50, 0, 19), (21, 28, 0, 8), (21, 31, 0, 8),
  (21, 32, 0, 8), (28, 15, 1, 1), (28, 7, 1, 2), (28, 18, 1, 3), (28, 8, 1, 4), (28, 9, 0, 5),
  (28, 10, 1, 6), (29, 15, 1, 1), (29, 7, 1, 2), (29, 18, 1, 3), (29, 8, 1, 4), (29, 9, 0, 5),
  (29, 10, 1, 6), (30, 7, 1, 1), (30, 18, 0, 2), (30, 8, 0, 3), (30, 9, 0, 4), (30, 34, 0, 5),
  (30, 51, 1, 7), (30, 52, 1, 8), (31, 63, 0, 1), (31, 7, 1, 2), (31, 18, 0, 3), (31, 8, 1, 4),
  (31, 9, 0, 5), (31, 10, 1, 6), (31, 53, 1, 7), (31, 55, 0, 8), (31, 56, 0, 9), (31, 57, 0, 10),
  (31, 58, 0, 11), (31, 54, 1, 12), (31, 59, 0, 13), (31, 60, 0, 14), (31, 61, 0, 15),
  (31, 62, 0, 16), (33, 74, 1, 1), (33, 47, 0, 2), (33, 72, 0, 3), (33, 71, 0, 4), (3, 76, 0, 5),
  (34, 16, 1, 1), (34, 17, 1, 2), (34, 7, 1, 3), (34, 18, 1, 4), (34, 8, 1, 5), (34, 75, 0, 6),
  (34, 9, 0, 7), (34, 10, 1, 8), (34, 34, 0, 9), (34, 35, 0, 10), (34, 39, 0, 11), (34, 40, 0, 12),
  (34, 42, 1, 13), (34, 43, 1, 14), (34, 47, 0, 15), (34, 49, 0, 16), (34, 50, 0, 17),
  (34, 77, 1, 18), (35, 78, 0, 0), (35, 79, 1, 1), (35, 81, 0, 3), (35, 83, 0, 5), (35, 84, 0, 6),
  (35, 87, 0, 9), (36, 88, 1, 0), (36, 89, 1, 1), (36, 90, 0, 2), (36, 92, 0, 4), (36, 94, 0, 6),
  (36, 95, 0, 7), (36, 97, 0, 9), (33, 73, 0, 5), (13, 36, 0, 3), (16, 75, 0, 7), (14, 75, 0, 7),
  (35, 80, 1, 2), (35, 82, 1, 4), (35, 85, 1, 7), (35, 86, 1, 8), (36, 91, 1, 3), (36, 93, 1, 5),
  (36, 96, 1, 8);

insert into cb_list (cb_list_id, cb_field_id, default_value) values
  (5, 6, 'no'), (1, 20, 'yes'), (1, 21, 'no'), (1, 22, 'yes'), (1, 23, 'no'), (5, 25, 'no'),
  (2, 12, null), (3, 15, null), (3, 69, null), (4, 24, null), (1, 39, 'no'), (1, 42, 'yes'),
  (1, 44, 'yes'), (1, 45, 'yes'), (1, 46, 'yes'), (6, 47, null), (1, 48, 'no'), (7, 57, 'string'),
  (8, 58, 'false'), (9, 61, 'string'), (10, 62, 'false'), (1, 63, 'yes'), (11, 73, 'string'),
  (12, 36, 'disable'), (13, 80, 'gRPC'), (1, 82, 'no'), (1, 85, 'no'), (1, 86, 'no'), (6, 87, null),
  (13, 91, 'gRPC'), (1, 93, 'no'), (1, 96, 'no'), (6, 97, null);

insert into cb_list_values (cb_list_id, value_name, value_value) values
  (1, 'No', 'no'), (1, 'Yes', 'yes'), (2, 'BBDO Protocol', 'bbdo'), (3, 'DB2', 'db2'),
  (3, 'InterBase', 'ibase'), (3, 'MySQL', 'mysql'), (3, 'ODBC', 'odbc'), (3, 'Oracle', 'oci'),
  (3, 'PostgreSQL', 'postgresql'), (3, 'SQLite', 'sqlite'), (3, 'Sysbase', 'tds'),
  (4, 'Base', 'low'), (4, 'Detailed', 'medium'), (4, 'Very detailed', 'high'), (5, 'No', 'no'),
  (5, 'Yes', 'yes'), (5, 'Auto', 'auto'), (6, 'Neb', 'neb'), (6, 'Storage', 'storage'),
  (6, 'Correlation', 'correlation'), (6, 'Dumper', 'dumper'), (7, 'String', 'string'),
  (7, 'Number', 'number'), (8, 'True', 'true'), (8, 'False', 'false'), (9, 'String', 'string'),
  (9, 'Number', 'number'), (10, 'True', 'true'), (10, 'False', 'false'), (11, 'String', 'string'),
  (11, 'Number', 'number'), (11, 'Password', 'password'), (12, 'Disable', 'disable'),
  (12, 'TCP Port', 'tcp'), (12, 'UNIX Socket', 'unix'), (13, 'gRPC', 'gRPC'), (13, 'TCP', 'TCP'),
  (6, 'Bam', 'bam');

insert into cb_log (id, name) values
  (1, 'core'), (2, 'config'), (3, 'sql'), (4, 'processing'), (5, 'perfdata'), (6, 'bbdo'),
  (7, 'tcp'), (8, 'tls'), (9, 'lua'), (10, 'bam');

insert into cb_log_level (id, name) values
  (1, 'disabled'), (2, 'critical'), (3, 'error'), (4, 'warning'), (5, 'info'), (6, 'debug'),
  (7, 'trace');

