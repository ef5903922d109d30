-- Database `centreon`: the tables of Centreon Web 22.10 that the stand-ins use, with the columns,
-- types, defaults, keys and engines of a real installation. The other tables are left out.

-- Accounts and their passwords, tokens of the API.

create table informations (
  `key` varchar(25),
  value varchar(1024)
) engine=InnoDB default charset=utf8;

create table options (
  `key` varchar(255),
  value varchar(255)
) engine=InnoDB default charset=utf8;

create table timeperiod (
  tp_id int(11) not null auto_increment,
  tp_name varchar(200),
  tp_alias varchar(200),
  tp_sunday varchar(2048),
  tp_monday varchar(2048),
  tp_tuesday varchar(2048),
  tp_wednesday varchar(2048),
  tp_thursday varchar(2048),
  tp_friday varchar(2048),
  tp_saturday varchar(2048),
  primary key (tp_id)
) engine=InnoDB default charset=utf8;

create table auth_ressource (
  ar_id int(11) not null auto_increment,
  ar_name varchar(255) not null default 'default',
  ar_description varchar(255) not null default 'default description',
  ar_type varchar(50) not null default 'ldap',
  ar_enable enum('0','1') default '0',
  ar_sync_base_date int(11) default 0,
  primary key (ar_id)
) engine=InnoDB default charset=utf8;

create table contact (
  contact_id int(11) not null auto_increment,
  timeperiod_tp_id int(11),
  timeperiod_tp_id2 int(11),
  contact_name varchar(200),
  contact_alias varchar(200),
  contact_lang varchar(255) default 'browser',
  contact_host_notification_options varchar(200),
  contact_service_notification_options varchar(200),
  contact_email varchar(200),
  contact_pager varchar(200),
  contact_address1 varchar(200),
  contact_address2 varchar(200),
  contact_address3 varchar(200),
  contact_address4 varchar(200),
  contact_address5 varchar(200),
  contact_address6 varchar(200),
  contact_comment text,
  contact_js_effects enum('0','1') default '0',
  contact_theme enum('light','dark') default 'light',
  contact_location int(11) default '0',
  contact_oreon enum('0','1'),
  reach_api int(11) default '0',
  reach_api_rt int(1) default 0,
  contact_enable_notifications enum('0','1','2') default '2',
  contact_template_id int(11),
  contact_admin enum('0','1') default '0',
  contact_type_msg enum('txt','html','pdf') default 'txt',
  contact_activate enum('0','1'),
  contact_auth_type varchar(255) default '',
  contact_ldap_dn text,
  ar_id int(11),
  contact_acl_group_list varchar(255),
  contact_autologin_key varchar(255),
  default_page int(11),
  show_deprecated_pages enum('0','1') default '0',
  contact_charset varchar(255),
  contact_register tinyint(6) not null default '1',
  contact_ldap_last_sync int(11) not null default 0,
  contact_ldap_required_sync enum('0','1') not null default '0',
  login_attempts int(11) unsigned,
  blocking_time bigint(20) unsigned,
  primary key (contact_id),
  key name_index (contact_name),
  key alias_index (contact_alias),
  key tp1_index (timeperiod_tp_id),
  key tp2_index (timeperiod_tp_id2),
  key tmpl_index (contact_template_id),
  key fk_ar_id (ar_id),
  constraint contact_ibfk_1 foreign key (timeperiod_tp_id) references timeperiod (tp_id) on delete set null,
  constraint contact_ibfk_2 foreign key (timeperiod_tp_id2) references timeperiod (tp_id) on delete set null,
  constraint contact_ibfk_3 foreign key (contact_template_id) references contact (contact_id) on delete set null,
  constraint fk_ar_id foreign key (ar_id) references auth_ressource (ar_id) on delete set null
) engine=InnoDB default charset=utf8;

create table contact_password (
  id int(11) unsigned not null auto_increment,
  password varchar(255) not null,
  contact_id int(11) not null,
  creation_date bigint unsigned not null,
  primary key (id),
  key contact_password_contact_id_fk (contact_id),
  key creation_date_index (creation_date),
  constraint contact_password_contact_id_fk foreign key (contact_id) references contact (contact_id) on delete cascade
) engine=InnoDB default charset=utf8;

create table provider_configuration (
  id int(11) not null auto_increment,
  type varchar(255) not null,
  name varchar(255) not null,
  custom_configuration json not null,
  is_active boolean not null default 1,
  is_forced boolean not null default 0,
  primary key (id),
  unique key unique_name (name)
) engine=InnoDB default charset=utf8;

create table password_expiration_excluded_users (
  provider_configuration_id int(11) not null,
  user_id int(11) not null,
  primary key (provider_configuration_id, user_id),
  constraint password_expiration_excluded_users_provider_configuration_id_fk foreign key (provider_configuration_id) references provider_configuration (id) on delete cascade,
  constraint password_expiration_excluded_users_provider_user_id_fk foreign key (user_id) references contact (contact_id) on delete cascade
) engine=InnoDB default charset=utf8;

create table security_token (
  id int(11) not null auto_increment,
  token varchar(4096) not null,
  creation_date bigint unsigned not null,
  expiration_date bigint unsigned,
  primary key (id),
  key token_index (token),
  key expiration_index (expiration_date)
) engine=InnoDB default charset=utf8;

create table security_authentication_tokens (
  token varchar(255) not null,
  provider_token_id int(11),
  provider_token_refresh_id int(11),
  provider_configuration_id int(11) not null,
  user_id int(11) not null,
  primary key (token),
  key security_authentication_tokens_token_fk (token),
  key security_authentication_tokens_provider_token_id_fk (provider_token_id),
  key security_authentication_tokens_provider_token_refresh_id_fk (provider_token_refresh_id),
  key security_authentication_tokens_configuration_id_fk (provider_configuration_id),
  key security_authentication_tokens_user_id_fk (user_id),
  constraint security_authentication_tokens_configuration_id_fk foreign key (provider_configuration_id) references provider_configuration (id) on delete cascade,
  constraint security_authentication_tokens_provider_token_id_fk foreign key (provider_token_id) references security_token (id) on delete cascade,
  constraint security_authentication_tokens_provider_token_refresh_id_fk foreign key (provider_token_refresh_id) references security_token (id) on delete set null,
  constraint security_authentication_tokens_user_id_fk foreign key (user_id) references contact (contact_id) on delete cascade
) engine=InnoDB default charset=utf8;

-- The menu, and who sees what of it.

create table topology (
  topology_id int(11) not null auto_increment,
  topology_name varchar(255),
  topology_parent int(11),
  topology_page int(11),
  topology_order int(11),
  topology_group int(11),
  topology_url varchar(255),
  topology_url_opt varchar(255),
  topology_popup enum('0','1'),
  topology_modules enum('0','1'),
  topology_show enum('0','1') default '1',
  is_deprecated enum('0','1') not null default '0',
  topology_style_class varchar(255),
  topology_style_id varchar(255),
  topology_OnClick varchar(255),
  readonly enum('0','1') not null default '1',
  is_react enum('0','1') not null default '0',
  primary key (topology_id),
  key topology_page (topology_page),
  key topology_parent (topology_parent),
  key topology_order (topology_order),
  key topology_group (topology_group)
) engine=InnoDB default charset=utf8;

create table acl_groups (
  acl_group_id int(11) not null auto_increment,
  acl_group_name varchar(255),
  acl_group_alias varchar(255),
  acl_group_changed int(11) not null default 1,
  acl_group_activate enum('0','1','2'),
  primary key (acl_group_id)
) engine=InnoDB default charset=utf8;

create table acl_group_contacts_relations (
  contact_contact_id int(11),
  acl_group_id int(11),
  key contact_contact_id (contact_contact_id),
  key acl_group_id (acl_group_id),
  constraint acl_group_contacts_relations_ibfk_1 foreign key (contact_contact_id) references contact (contact_id) on delete cascade,
  constraint acl_group_contacts_relations_ibfk_2 foreign key (acl_group_id) references acl_groups (acl_group_id) on delete cascade
) engine=InnoDB default charset=utf8;

create table acl_topology (
  acl_topo_id int(11) not null auto_increment,
  acl_topo_name varchar(255),
  acl_topo_alias varchar(255),
  acl_comments text,
  acl_topo_activate enum('0','1'),
  primary key (acl_topo_id),
  key acl_topo_id (acl_topo_id,acl_topo_activate)
) engine=InnoDB default charset=utf8;

create table acl_topology_relations (
  topology_topology_id int(11),
  acl_topo_id int(11),
  access_right tinyint(4) not null default '1',
  key topology_topology_id (topology_topology_id),
  key acl_topo_id (acl_topo_id),
  constraint acl_topology_relations_ibfk_2 foreign key (topology_topology_id) references topology (topology_id) on delete cascade,
  constraint acl_topology_relations_ibfk_3 foreign key (acl_topo_id) references acl_topology (acl_topo_id) on delete cascade
) engine=InnoDB default charset=utf8;

create table acl_group_topology_relations (
  acl_group_id int(11),
  acl_topology_id int(11),
  key acl_group_id (acl_group_id),
  key acl_topology_id (acl_topology_id),
  constraint acl_group_topology_relations_ibfk_1 foreign key (acl_group_id) references acl_groups (acl_group_id) on delete cascade,
  constraint acl_group_topology_relations_ibfk_2 foreign key (acl_topology_id) references acl_topology (acl_topo_id) on delete cascade
) engine=InnoDB default charset=utf8;

-- Servers: central, remotes, pollers.

create table nagios_server (
  id int(11) not null auto_increment,
  name varchar(40),
  localhost enum('0','1'),
  is_default int(11) default '0',
  last_restart int(11),
  ns_ip_address varchar(255),
  ns_activate enum('1','0') default '1',
  ns_status enum('0','1','2','3','4') default '0',
  engine_start_command varchar(255) default 'service centengine start',
  engine_stop_command varchar(255) default 'service centengine stop',
  engine_restart_command varchar(255) default 'service centengine restart',
  engine_reload_command varchar(255) default 'service centengine reload',
  nagios_bin varchar(255),
  nagiostats_bin varchar(255),
  nagios_perfdata varchar(255),
  broker_reload_command varchar(255) default 'service cbd reload',
  centreonbroker_cfg_path varchar(255),
  centreonbroker_module_path varchar(255),
  centreonconnector_path varchar(255),
  ssh_port int(11),
  gorgone_communication_type enum('1', '2') not null default '1',
  gorgone_port int(11),
  init_script_centreontrapd varchar(255),
  snmp_trapd_path_conf varchar(255),
  engine_name varchar(255),
  engine_version varchar(255),
  centreonbroker_logs_path varchar(255),
  remote_id int(11) null,
  remote_server_use_as_proxy enum('0','1') not null default '1',
  updated enum('1','0') not null default '0',
  primary key (id),
  constraint nagios_server_remote_id_id foreign key (remote_id) references nagios_server (id) on delete set null on update cascade
) engine=InnoDB default charset=utf8;

create table remote_servers (
  id int(11) not null auto_increment primary key,
  ip varchar(255) not null,
  version varchar(16) not null,
  is_connected tinyint(1) not null default 0,
  created_at timestamp not null,
  connected_at timestamp null,
  centreon_path varchar(255) null,
  http_method enum('http','https') not null default 'http',
  http_port int(11),
  no_check_certificate enum('0','1') not null default '0',
  no_proxy enum('0','1') not null default '0',
  server_id int(11) not null,
  constraint remote_server_nagios_server_ibfk_1 foreign key(server_id) references nagios_server (id) on delete cascade
) engine=InnoDB default charset=utf8;

create table rs_poller_relation (
  remote_server_id int(11) not null,
  poller_server_id int(11) not null,
  key remote_server_id (remote_server_id)
) engine=InnoDB default charset=utf8;

create table platform_topology (
  id int(11) not null auto_increment,
  address varchar(255) not null,
  hostname varchar(255) null,
  name varchar(255) not null,
  type varchar(255) not null,
  parent_id int(11),
  pending enum('0', '1') default '1',
  server_id int(11),
  primary key (id),
  constraint platform_topology_ibfk_1 foreign key (server_id) references nagios_server (id) on delete cascade on update cascade,
  constraint platform_topology_ibfk_2 foreign key (parent_id) references platform_topology (id) on delete cascade
) engine=InnoDB default charset=utf8;

-- Engine.

create table connector (
  id int(11) unsigned not null auto_increment,
  name varchar(255) not null,
  description varchar(255),
  command_line varchar(512) not null,
  enabled int(1) unsigned not null default '1',
  created int(10) unsigned not null,
  modified int(10) unsigned not null,
  primary key (id),
  unique key name (name),
  key enabled (enabled)
) engine=InnoDB default charset=utf8;

create table command (
  command_id int(11) not null auto_increment,
  connector_id int(10) unsigned,
  command_name varchar(200),
  command_line text,
  command_example varchar(254),
  command_type tinyint(4),
  enable_shell int(1) unsigned not null default '0',
  command_comment text,
  command_activate enum('0','1') default '1',
  graph_id int(11),
  cmd_cat_id int(11),
  command_locked boolean default 0,
  primary key (command_id),
  key connector_id (connector_id),
  constraint command_ibfk_1 foreign key (connector_id) references connector (id) on delete set null on update cascade
) engine=InnoDB default charset=utf8;

create table poller_command_relations (
  poller_id int(11) not null,
  command_id int(11) not null,
  command_order tinyint (3),
  key poller_id (poller_id),
  key command_id (command_id),
  constraint poller_command_relations_fk_1 foreign key (poller_id) references nagios_server (id) on delete cascade,
  constraint poller_command_relations_fk_2 foreign key (command_id) references command (command_id) on delete cascade
) engine=InnoDB default charset=utf8;

create table timezone (
  timezone_id int(11) unsigned not null auto_increment,
  timezone_name varchar(200) not null,
  timezone_offset varchar(200) not null,
  timezone_dst_offset varchar(200) not null,
  timezone_description varchar(255),
  primary key (timezone_id),
  unique key name (timezone_name)
) engine=InnoDB default charset=utf8;

create table cfg_nagios (
  nagios_id int(11) not null auto_increment,
  nagios_name varchar(255),
  use_timezone int(11) unsigned,
  log_file varchar(255),
  cfg_dir varchar(255),
  status_file varchar(255),
  status_update_interval int(11),
  enable_notifications enum('0','1'),
  execute_service_checks enum('0','1'),
  accept_passive_service_checks enum('0','1'),
  execute_host_checks enum('0','1'),
  accept_passive_host_checks enum('0','1'),
  enable_event_handlers enum('0','1'),
  check_external_commands enum('0','1'),
  external_command_buffer_slots int(11),
  command_check_interval varchar(255),
  command_file varchar(255),
  retain_state_information enum('0','1'),
  state_retention_file varchar(255),
  retention_update_interval int(11),
  use_retained_program_state enum('0','1'),
  use_retained_scheduling_info enum('0','1'),
  use_syslog enum('0','1'),
  log_notifications enum('0','1'),
  log_service_retries enum('0','1'),
  log_host_retries enum('0','1'),
  log_event_handlers enum('0','1'),
  log_initial_states enum('0','1'),
  log_external_commands enum('0','1'),
  log_passive_checks enum('0','1'),
  global_host_event_handler int(11),
  global_service_event_handler int(11),
  sleep_time varchar(10),
  service_inter_check_delay_method varchar(255),
  host_inter_check_delay_method varchar(255),
  service_interleave_factor varchar(255),
  max_concurrent_checks int(11),
  max_service_check_spread int(11),
  max_host_check_spread int(11),
  check_result_reaper_frequency int(11),
  auto_reschedule_checks enum('0','1'),
  auto_rescheduling_interval int(11),
  auto_rescheduling_window int(11),
  enable_flap_detection enum('0','1'),
  low_service_flap_threshold varchar(255),
  high_service_flap_threshold varchar(255),
  low_host_flap_threshold varchar(255),
  high_host_flap_threshold varchar(255),
  soft_state_dependencies enum('0','1'),
  service_check_timeout int(11),
  host_check_timeout int(11),
  event_handler_timeout int(11),
  notification_timeout int(11),
  check_for_orphaned_services enum('0','1'),
  check_for_orphaned_hosts enum('0','1'),
  check_service_freshness enum('0','1'),
  service_freshness_check_interval int(11),
  freshness_check_interval int(11),
  check_host_freshness enum('0','1'),
  host_freshness_check_interval int(11),
  date_format varchar(255),
  instance_heartbeat_interval smallint default 30,
  illegal_object_name_chars varchar(255),
  illegal_macro_output_chars varchar(255),
  use_regexp_matching enum('0','1'),
  use_true_regexp_matching enum('0','1'),
  admin_email varchar(255),
  admin_pager varchar(255),
  nagios_comment text,
  nagios_activate enum('0','1'),
  event_broker_options varchar(255),
  nagios_server_id int(11),
  enable_predictive_host_dependency_checks enum('0','1'),
  enable_predictive_service_dependency_checks enum('0','1'),
  cached_host_check_horizon int(11),
  cached_service_check_horizon int(11),
  passive_host_checks_are_soft int(11),
  enable_environment_macros enum('0','1'),
  additional_freshness_latency int(11),
  debug_file varchar(255),
  debug_level int(11),
  debug_level_opt varchar(200) default '0',
  debug_verbosity enum('0','1'),
  max_debug_file_size int(11),
  cfg_file varchar(255) not null default 'centengine.cfg',
  log_pid enum('0','1') default '1',
  enable_macros_filter enum('0', '1') default '0',
  macros_filter text default '',
  logger_version enum('log_v2_enabled', 'log_legacy_enabled') default 'log_v2_enabled',
  primary key (nagios_id),
  key cmd1_index (global_host_event_handler),
  key cmd2_index (global_service_event_handler),
  key nagios_server_id (nagios_server_id),
  constraint cfg_nagios_ibfk_18 foreign key (global_host_event_handler) references command (command_id) on delete set null,
  constraint cfg_nagios_ibfk_19 foreign key (global_service_event_handler) references command (command_id) on delete set null,
  constraint cfg_nagios_ibfk_26 foreign key (nagios_server_id) references nagios_server (id) on delete cascade,
  constraint cfg_nagios_ibfk_27 foreign key (use_timezone) references timezone (timezone_id) on delete cascade
) engine=InnoDB default charset=utf8;

create table cfg_nagios_broker_module (
  bk_mod_id int(11) not null auto_increment,
  cfg_nagios_id int(11),
  broker_module varchar(255),
  primary key (bk_mod_id),
  key fk_nagios_cfg (cfg_nagios_id),
  constraint fk_nagios_cfg foreign key (cfg_nagios_id) references cfg_nagios (nagios_id) on delete cascade
) engine=InnoDB default charset=utf8;

create table cfg_nagios_logger (
  id int(11) unsigned not null auto_increment,
  cfg_nagios_id int(11) not null,
  log_v2_logger enum('file', 'syslog') default 'file',
  log_level_functions enum('trace', 'debug', 'info', 'warning', 'err', 'critical', 'off') default 'err',
  log_level_config enum('trace', 'debug', 'info', 'warning', 'err', 'critical', 'off') default 'info',
  log_level_events enum('trace', 'debug', 'info', 'warning', 'err', 'critical', 'off') default 'info',
  log_level_checks enum('trace', 'debug', 'info', 'warning', 'err', 'critical', 'off') default 'info',
  log_level_notifications enum('trace', 'debug', 'info', 'warning', 'err', 'critical', 'off') default 'err',
  log_level_eventbroker enum('trace', 'debug', 'info', 'warning', 'err', 'critical', 'off') default 'err',
  log_level_external_command enum('trace', 'debug', 'info', 'warning', 'err', 'critical', 'off') default 'info',
  log_level_commands enum('trace', 'debug', 'info', 'warning', 'err', 'critical', 'off') default 'err',
  log_level_downtimes enum('trace', 'debug', 'info', 'warning', 'err', 'critical', 'off') default 'err',
  log_level_comments enum('trace', 'debug', 'info', 'warning', 'err', 'critical', 'off') default 'err',
  log_level_macros enum('trace', 'debug', 'info', 'warning', 'err', 'critical', 'off') default 'err',
  log_level_process enum('trace', 'debug', 'info', 'warning', 'err', 'critical', 'off') default 'info',
  log_level_runtime enum('trace', 'debug', 'info', 'warning', 'err', 'critical', 'off') default 'err',
  primary key (id),
  constraint cfg_nagios_logger_cfg_nagios_id_fk foreign key (cfg_nagios_id) references cfg_nagios (nagios_id) on delete cascade
) engine=InnoDB default charset=utf8;

create table cfg_resource (
  resource_id int(11) not null auto_increment,
  resource_name varchar(255),
  resource_line varchar(255),
  resource_comment varchar(255),
  resource_activate enum('0','1'),
  primary key (resource_id)
) engine=InnoDB default charset=utf8;

create table cfg_resource_instance_relations (
  resource_id int(11) not null,
  instance_id int(11) not null,
  key fk_crir_res_id (resource_id),
  key fk_crir_ins_id (instance_id),
  constraint fk_crir_res_id foreign key (resource_id) references cfg_resource (resource_id) on delete cascade,
  constraint fk_crir_ins_id foreign key (instance_id) references nagios_server (id) on delete cascade
) engine=InnoDB default charset=utf8;

create table host (
  host_id int(11) not null auto_increment,
  host_template_model_htm_id int(11),
  command_command_id int(11),
  command_command_id_arg1 text,
  timeperiod_tp_id int(11),
  timeperiod_tp_id2 int(11),
  command_command_id2 int(11),
  command_command_id_arg2 text,
  host_name varchar(200),
  host_alias varchar(200),
  host_address varchar(255),
  display_name varchar(255),
  host_max_check_attempts int(11),
  host_check_interval int(11),
  host_retry_check_interval int(11),
  host_active_checks_enabled enum('0','1','2'),
  host_passive_checks_enabled enum('0','1','2'),
  host_checks_enabled enum('0','1','2'),
  initial_state enum('o','d','u'),
  host_obsess_over_host enum('0','1','2'),
  host_check_freshness enum('0','1','2'),
  host_freshness_threshold int(11),
  host_event_handler_enabled enum('0','1','2'),
  host_low_flap_threshold int(11),
  host_high_flap_threshold int(11),
  host_flap_detection_enabled enum('0','1','2'),
  flap_detection_options varchar(255),
  host_process_perf_data enum('0','1','2'),
  host_retain_status_information enum('0','1','2'),
  host_retain_nonstatus_information enum('0','1','2'),
  host_notification_interval int(11),
  host_recovery_notification_delay int(11),
  host_notification_options varchar(200),
  host_notifications_enabled enum('0','1','2'),
  contact_additive_inheritance boolean default 0,
  cg_additive_inheritance boolean default 0,
  host_first_notification_delay int(11),
  host_acknowledgement_timeout int(11),
  host_stalking_options varchar(200),
  host_snmp_community varchar(255),
  host_snmp_version varchar(255),
  host_location int(11) default '0',
  host_comment text,
  geo_coords varchar(32),
  host_locked boolean default 0,
  host_register enum('0','1','2','3'),
  host_activate enum('0','1','2') default '1',
  primary key (host_id),
  key htm_index (host_template_model_htm_id),
  key cmd1_index (command_command_id),
  key cmd2_index (command_command_id2),
  key tp1_index (timeperiod_tp_id),
  key tp2_index (timeperiod_tp_id2),
  key name_index (host_name),
  key host_id_register (host_id,host_register),
  key alias_index (host_alias),
  key host_register (host_register),
  constraint host_ibfk_1 foreign key (command_command_id) references command (command_id) on delete set null,
  constraint host_ibfk_2 foreign key (command_command_id2) references command (command_id) on delete set null,
  constraint host_ibfk_3 foreign key (timeperiod_tp_id) references timeperiod (tp_id) on delete set null,
  constraint host_ibfk_4 foreign key (timeperiod_tp_id2) references timeperiod (tp_id) on delete set null
) engine=InnoDB default charset=utf8;

create table ns_host_relation (
  nagios_server_id int(11) not null default '0',
  host_host_id int(11) not null default '0',
  primary key (nagios_server_id,host_host_id),
  key host_host_id (host_host_id),
  key nagios_server_id (nagios_server_id),
  constraint ns_host_relation_ibfk_2 foreign key (nagios_server_id) references nagios_server (id) on delete cascade,
  constraint ns_host_relation_ibfk_3 foreign key (host_host_id) references host (host_id) on delete cascade
) engine=InnoDB default charset=utf8;

-- Broker: what the configuration form knows (cb_*), and the configurations.

create table cb_module (
  cb_module_id int(11) not null auto_increment,
  name varchar(50) not null,
  libname varchar(50),
  loading_pos int(11),
  is_bundle int(1) not null default '0',
  is_activated int(1) not null default '0',
  primary key (cb_module_id),
  unique key cb_module_idx01 (name),
  unique key cb_module_idx02 (libname)
) engine=InnoDB default charset=latin1;

create table cb_module_relation (
  cb_module_id int(11) not null,
  module_depend_id int(11) not null,
  inherit_config int(11) not null default '0',
  primary key (cb_module_id,module_depend_id),
  key fk_cb_module_relation_1 (cb_module_id),
  key fk_cb_module_relation_2 (module_depend_id),
  constraint fk_cb_module_relation_1 foreign key (cb_module_id) references cb_module (cb_module_id) on delete cascade on update no action,
  constraint fk_cb_module_relation_2 foreign key (module_depend_id) references cb_module (cb_module_id) on delete cascade on update no action
) engine=InnoDB default charset=latin1;

create table cb_type (
  cb_type_id int(11) not null auto_increment,
  type_name varchar(50) not null,
  type_shortname varchar(50) not null,
  cb_module_id int(11) not null,
  primary key (cb_type_id),
  key fk_cb_type_1 (cb_module_id),
  constraint fk_cb_type_1 foreign key (cb_module_id) references cb_module (cb_module_id) on delete cascade on update no action
) engine=InnoDB default charset=latin1;

create table cb_tag (
  cb_tag_id int(11) not null auto_increment,
  tagname varchar(50) not null,
  primary key (cb_tag_id),
  unique key cb_tag_ix01 (tagname)
) engine=InnoDB default charset=latin1;

create table cb_tag_type_relation (
  cb_tag_id int(11) not null,
  cb_type_id int(11) not null,
  cb_type_uniq int(1) not null default '0',
  primary key (cb_tag_id,cb_type_id),
  key fk_cb_tag_type_relation_1 (cb_tag_id),
  key fk_cb_tag_type_relation_2 (cb_type_id),
  constraint fk_cb_tag_type_relation_1 foreign key (cb_tag_id) references cb_tag (cb_tag_id) on delete cascade on update no action,
  constraint fk_cb_tag_type_relation_2 foreign key (cb_type_id) references cb_type (cb_type_id) on delete cascade on update no action
) engine=InnoDB default charset=latin1;

create table cb_fieldgroup (
  cb_fieldgroup_id int not null auto_increment,
  groupname varchar(100) not null,
  displayname varchar(255) not null default '',
  multiple tinyint not null default 0,
  group_parent_id int,
  primary key(cb_fieldgroup_id),
  foreign key(group_parent_id) references cb_fieldgroup (cb_fieldgroup_id) on delete cascade
) engine=InnoDB default charset=utf8;

create table cb_field (
  cb_field_id int(11) not null auto_increment,
  fieldname varchar(100) not null,
  displayname varchar(100) not null,
  description varchar(510),
  fieldtype varchar(255) not null default 'text',
  external varchar(255),
  cb_fieldgroup_id int,
  primary key (cb_field_id)
) engine=InnoDB default charset=latin1;

create table cb_type_field_relation (
  cb_type_id int(11) not null,
  cb_field_id int(11) not null,
  cb_fieldset_id int,
  is_required int(11) not null default '0',
  order_display int(11) not null default '0',
  jshook_name varchar(255),
  jshook_arguments varchar(255),
  primary key (cb_type_id,cb_field_id),
  key fk_cb_type_field_relation_1 (cb_type_id),
  key fk_cb_type_field_relation_2 (cb_field_id),
  constraint fk_cb_type_field_relation_1 foreign key (cb_type_id) references cb_type (cb_type_id) on delete cascade on update no action,
  constraint fk_cb_type_field_relation_2 foreign key (cb_field_id) references cb_field (cb_field_id) on delete cascade on update no action
) engine=InnoDB default charset=latin1;

create table cb_list (
  cb_list_id int(11) not null,
  cb_field_id int(11) not null,
  default_value varchar(255),
  primary key (cb_list_id,cb_field_id),
  unique key cb_field_idx_01 (cb_field_id),
  key fk_cb_list_1 (cb_field_id),
  constraint fk_cb_list_1 foreign key (cb_field_id) references cb_field (cb_field_id) on delete cascade on update no action
) engine=InnoDB default charset=latin1;

create table cb_list_values (
  cb_list_id int(11) not null,
  value_name varchar(255) not null,
  value_value varchar(255) not null,
  primary key (cb_list_id,value_name),
  key fk_cb_list_values_1 (cb_list_id),
  constraint fk_cb_list_values_1 foreign key (cb_list_id) references cb_list (cb_list_id) on delete cascade on update no action
) engine=InnoDB default charset=latin1;

create table cb_log (
  id int(11) not null auto_increment,
  name varchar(255) not null,
  primary key (id)
) engine=InnoDB default charset=latin1;

create table cb_log_level (
  id int(11) not null auto_increment,
  name varchar(255) not null,
  primary key (id)
) engine=InnoDB default charset=latin1;

create table cfg_centreonbroker (
  config_id int(11) not null auto_increment,
  config_name varchar(100) not null,
  config_filename varchar(255) not null,
  config_write_timestamp enum('0','1') default '1',
  config_write_thread_id enum('0','1') default '1',
  log_directory varchar(255),
  log_filename varchar(255),
  log_max_size int(11) not null default 0,
  config_activate enum('0','1') default '0',
  ns_nagios_server int(11) not null,
  event_queue_max_size int(11) default '100000',
  command_file varchar(255),
  cache_directory varchar(255),
  stats_activate enum('0','1') default '1',
  daemon tinyint(1),
  pool_size int(11),
  bbdo_version varchar(50) default '3.0.0',
  primary key (config_id)
) engine=InnoDB default charset=utf8;

create table cfg_centreonbroker_info (
  config_id int(11) not null,
  config_key varchar(50) not null,
  config_value varchar(255) not null,
  config_group varchar(50) not null,
  config_group_id int(11),
  grp_level int not null default 0,
  subgrp_id int,
  parent_grp_id int,
  fieldIndex int,
  key cfg_centreonbroker_info_idx01 (config_id),
  key cfg_centreonbroker_info_idx02 (config_id,config_group),
  constraint cfg_centreonbroker_info_ibfk_01 foreign key (config_id) references cfg_centreonbroker (config_id) on delete cascade
) engine=InnoDB default charset=utf8;

create table cfg_centreonbroker_log (
  id int(11) not null auto_increment,
  id_centreonbroker int(11) not null,
  id_log int(11) not null,
  id_level int(11) not null,
  primary key (id)
) engine=InnoDB default charset=latin1;

-- Extensions, and the queue between central and remotes.

create table modules_informations (
  id int(11) not null auto_increment,
  name varchar(255),
  rname varchar(255),
  mod_release varchar(255),
  is_removeable enum('0','1'),
  infos text,
  author varchar(255),
  svc_tools enum('0','1'),
  host_tools enum('0','1'),
  primary key (id)
) engine=InnoDB default charset=utf8;

create table widget_models (
  widget_model_id int(11) not null auto_increment,
  title varchar(255) not null,
  description text not null,
  url varchar(255) not null,
  version varchar(255) not null,
  directory varchar(255) not null,
  author varchar(255) not null,
  email varchar(255),
  website varchar(255),
  keywords varchar(255),
  screenshot varchar(255),
  thumbnail varchar(255),
  autoRefresh int(11),
  primary key (widget_model_id)
) engine=InnoDB default charset=utf8;

create table widget_parameters_field_type (
  field_type_id int(11) not null auto_increment,
  ft_typename varchar(50) not null,
  is_connector tinyint(6) not null default '0',
  primary key (field_type_id)
) engine=InnoDB default charset=utf8;

create table widget_parameters (
  parameter_id int(11) not null auto_increment,
  parameter_name varchar(255) not null,
  parameter_code_name varchar(255) not null,
  default_value varchar(255),
  parameter_order tinyint(6) not null,
  header_title varchar(255),
  require_permission varchar(255) not null,
  widget_model_id int(11) not null,
  field_type_id int(11) not null,
  primary key (parameter_id),
  key fk_widget_param_widget_id (widget_model_id),
  key fk_widget_field_type_id (field_type_id),
  constraint fk_widget_param_widget_id foreign key (widget_model_id) references widget_models (widget_model_id) on delete cascade,
  constraint fk_widget_field_type_id foreign key (field_type_id) references widget_parameters_field_type (field_type_id) on delete cascade
) engine=InnoDB default charset=utf8;

create table task (
  id int(11) not null auto_increment primary key,
  type varchar(40) not null,
  status varchar(40) not null,
  parent_id int(11) null,
  params blob null,
  created_at timestamp not null
) engine=InnoDB default charset=utf8;
