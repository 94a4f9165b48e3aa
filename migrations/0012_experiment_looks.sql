CREATE TABLE "experiment_looks" (
	"experiment_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"metric" text NOT NULL,
	"stratum" integer NOT NULL,
	"share_bp" integer NOT NULL,
	"control_users" integer NOT NULL,
	"treatment_users" integer NOT NULL,
	"scale" text NOT NULL,
	"estimate" double precision NOT NULL,
	"variance" double precision NOT NULL,
	"tau" double precision NOT NULL,
	"lower" double precision NOT NULL,
	"upper" double precision NOT NULL,
	"tolerated" double precision NOT NULL,
	CONSTRAINT "experiment_looks_pk" PRIMARY KEY("experiment_id","at","metric")
);
