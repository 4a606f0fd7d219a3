"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

PORTABLE_JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)


def upgrade():
    """Change the tables."""
    op.create_table('job_runs',
    sa.Column('job', sa.String(length=50), nullable=False),
    sa.Column('slot', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('job', 'slot', name=op.f('pk_job_runs'))
    )
    op.create_table('key_versions',
    sa.Column('base_key', sa.String(length=512), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('base_key', name=op.f('pk_key_versions'))
    )
    op.create_table('sweeps',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('rule', PORTABLE_JSON, nullable=False),
    sa.Column('deleted', sa.Integer(), nullable=False),
    sa.Column('bytes', sa.BigInteger(), nullable=False),
    sa.Column('errors', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sweeps'))
    )
    with op.batch_alter_table('sweeps', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sweeps_started_at'), ['started_at'], unique=False)

    op.create_table('users',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('is_admin', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('email', name=op.f('uq_users_email'))
    )
    op.create_table('answered_requests',
    sa.Column('owner_id', sa.Uuid(), nullable=False),
    sa.Column('key', sa.String(length=255), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('content_type', sa.String(length=100), nullable=True),
    sa.Column('location', sa.Text(), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_answered_requests_owner_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('owner_id', 'key', name=op.f('pk_answered_requests'))
    )
    with op.batch_alter_table('answered_requests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_answered_requests_created_at'), ['created_at'], unique=False)

    op.create_table('api_keys',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('owner_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('secret_sha256', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_api_keys_owner_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_keys')),
    sa.UniqueConstraint('secret_sha256', name=op.f('uq_api_keys_secret_sha256'))
    )
    with op.batch_alter_table('api_keys', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_keys_owner_id'), ['owner_id'], unique=False)

    op.create_table('galleries',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('slug', sa.String(length=64), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('owner_id', sa.Uuid(), nullable=False),
    sa.Column('visibility', sa.String(length=16), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('session', 'game', 'story')", name=op.f('ck_galleries_kind')),
    sa.CheckConstraint("visibility IN ('public', 'unlisted', 'private')", name=op.f('ck_galleries_visibility')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_galleries_owner_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_galleries')),
    sa.UniqueConstraint('kind', 'slug', name=op.f('uq_galleries_kind_slug'))
    )
    with op.batch_alter_table('galleries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_galleries_kind_id'), ['kind', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_galleries_owner_id_kind_id'), ['owner_id', 'kind', 'id'], unique=False)

    op.create_table('rounds',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('gallery_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('number >= 1', name=op.f('ck_rounds_number')),
    sa.ForeignKeyConstraint(['gallery_id'], ['galleries.id'], name=op.f('fk_rounds_gallery_id_galleries'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rounds')),
    sa.UniqueConstraint('gallery_id', 'number', name=op.f('uq_rounds_gallery_id_number'))
    )
    op.create_table('images',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('owner_id', sa.Uuid(), nullable=False),
    sa.Column('visibility', sa.String(length=16), nullable=False),
    sa.Column('gallery_id', sa.Uuid(), nullable=True),
    sa.Column('image_type', sa.String(length=32), nullable=True),
    sa.Column('round_id', sa.Uuid(), nullable=True),
    sa.Column('player', sa.String(length=64), nullable=True),
    sa.Column('submission_id', sa.String(length=128), nullable=True),
    sa.Column('completed_sentence', sa.Text(), nullable=True),
    sa.Column('cards', PORTABLE_JSON, nullable=True),
    sa.Column('page_number', sa.Integer(), nullable=True),
    sa.Column('is_character_referenced', sa.Boolean(), nullable=False),
    sa.Column('prompt', sa.Text(), nullable=False),
    sa.Column('negative_prompt', sa.Text(), nullable=True),
    sa.Column('prompt_hash', sa.String(length=64), nullable=False),
    sa.Column('model', sa.String(length=100), nullable=True),
    sa.Column('service', sa.String(length=100), nullable=True),
    sa.Column('style', sa.String(length=100), nullable=True),
    sa.Column('category', sa.String(length=100), nullable=True),
    sa.Column('parameters', PORTABLE_JSON, nullable=True),
    sa.Column('storage_provider', sa.String(length=32), nullable=True),
    sa.Column('storage_key', sa.String(length=512), nullable=True),
    sa.Column('sha256', sa.String(length=64), nullable=True),
    sa.Column('size_bytes', sa.Integer(), nullable=True),
    sa.Column('format', sa.String(length=8), nullable=True),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('placeholder', sa.String(length=64), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('is_cached', sa.Boolean(), nullable=False),
    sa.Column('is_kept', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('generated_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('session', 'round', 'story', 'generation')", name=op.f('ck_images_kind')),
    sa.CheckConstraint("status != 'completed' OR (storage_key IS NOT NULL AND sha256 IS NOT NULL AND size_bytes > 0 AND width > 0 AND height > 0)", name=op.f('ck_images_completed_has_object')),
    sa.CheckConstraint("status IN ('pending', 'processing', 'completed', 'failed')", name=op.f('ck_images_status')),
    sa.CheckConstraint("visibility IN ('public', 'unlisted', 'private')", name=op.f('ck_images_visibility')),
    sa.ForeignKeyConstraint(['gallery_id'], ['galleries.id'], name=op.f('fk_images_gallery_id_galleries'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_images_owner_id_users'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['round_id'], ['rounds.id'], name=op.f('fk_images_round_id_rounds'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_images')),
    sa.UniqueConstraint('gallery_id', 'image_type', name=op.f('uq_images_gallery_id_image_type')),
    sa.UniqueConstraint('round_id', 'player', name=op.f('uq_images_round_id_player')),
    sa.UniqueConstraint('storage_provider', 'storage_key', name=op.f('uq_images_storage_provider_storage_key'))
    )
    with op.batch_alter_table('images', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_images_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_images_gallery_id_id'), ['gallery_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_images_is_kept_expires_at'), ['is_kept', 'expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_images_kind_id'), ['kind', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_images_owner_id_id'), ['owner_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_images_visibility_id'), ['visibility', 'id'], unique=False)

    op.create_table('embedded_texts',
    sa.Column('image_id', sa.Uuid(), nullable=False),
    sa.Column('read', PORTABLE_JSON, nullable=False),
    sa.Column('raw', PORTABLE_JSON, nullable=False),
    sa.ForeignKeyConstraint(['image_id'], ['images.id'], name=op.f('fk_embedded_texts_image_id_images'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('image_id', name=op.f('pk_embedded_texts'))
    )
    op.create_table('links',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('purpose', sa.String(length=16), nullable=False),
    sa.Column('is_standing', sa.Boolean(), nullable=False),
    sa.Column('image_id', sa.Uuid(), nullable=True),
    sa.Column('gallery_id', sa.Uuid(), nullable=True),
    sa.Column('owner_id', sa.Uuid(), nullable=False),
    sa.Column('variant', sa.String(length=16), nullable=False),
    sa.Column('disposition', sa.String(length=16), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('max_downloads', sa.Integer(), nullable=True),
    sa.Column('downloads', sa.Integer(), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("purpose IN ('download', 'share')", name=op.f('ck_links_purpose')),
    sa.CheckConstraint('image_id IS NOT NULL OR gallery_id IS NOT NULL', name=op.f('ck_links_target')),
    sa.ForeignKeyConstraint(['gallery_id'], ['galleries.id'], name=op.f('fk_links_gallery_id_galleries'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['image_id'], ['images.id'], name=op.f('fk_links_image_id_images'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_links_owner_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_links'))
    )
    with op.batch_alter_table('links', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_links_gallery_id_is_standing_expires_at'), ['gallery_id', 'is_standing', 'expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_links_image_id_is_standing_expires_at'), ['image_id', 'is_standing', 'expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_links_owner_id_id'), ['owner_id', 'id'], unique=False)

    op.create_table('search_documents',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('image_id', sa.Uuid(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['image_id'], ['images.id'], name=op.f('fk_search_documents_image_id_images'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_search_documents')),
    sa.UniqueConstraint('image_id', name=op.f('uq_search_documents_image_id'))
    )
    create_search_index()


def create_search_index():
    """Index the search documents, and keep the index in step with them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE INDEX search_index ON search_documents"
            " USING gin (to_tsvector('simple', body))"
        )
        return
    op.execute(
        "CREATE VIRTUAL TABLE search_index USING fts5("
        "body, content='search_documents', content_rowid='id',"
        " tokenize='unicode61 remove_diacritics 2')"
    )
    forget = (
        "INSERT INTO search_index (search_index, rowid, body)"
        " VALUES ('delete', old.id, old.body);"
    )
    learn = "INSERT INTO search_index (rowid, body) VALUES (new.id, new.body);"
    for event, work in (("insert", learn), ("delete", forget), ("update", forget + learn)):
        op.execute(
            f"CREATE TRIGGER search_documents_{event} AFTER {event.upper()}"
            f" ON search_documents BEGIN {work} END"
        )


def downgrade():
    """Change them back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX search_index")
    else:
        for event in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER search_documents_{event}")
        op.execute("DROP TABLE search_index")
    op.drop_table('search_documents')
    with op.batch_alter_table('links', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_links_owner_id_id'))
        batch_op.drop_index(batch_op.f('ix_links_image_id_is_standing_expires_at'))
        batch_op.drop_index(batch_op.f('ix_links_gallery_id_is_standing_expires_at'))

    op.drop_table('links')
    op.drop_table('embedded_texts')
    with op.batch_alter_table('images', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_images_visibility_id'))
        batch_op.drop_index(batch_op.f('ix_images_owner_id_id'))
        batch_op.drop_index(batch_op.f('ix_images_kind_id'))
        batch_op.drop_index(batch_op.f('ix_images_is_kept_expires_at'))
        batch_op.drop_index(batch_op.f('ix_images_gallery_id_id'))
        batch_op.drop_index(batch_op.f('ix_images_created_at'))

    op.drop_table('images')
    op.drop_table('rounds')
    with op.batch_alter_table('galleries', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_galleries_owner_id_kind_id'))
        batch_op.drop_index(batch_op.f('ix_galleries_kind_id'))

    op.drop_table('galleries')
    with op.batch_alter_table('api_keys', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_api_keys_owner_id'))

    op.drop_table('api_keys')
    with op.batch_alter_table('answered_requests', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_answered_requests_created_at'))

    op.drop_table('answered_requests')
    op.drop_table('users')
    with op.batch_alter_table('sweeps', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sweeps_started_at'))

    op.drop_table('sweeps')
    op.drop_table('key_versions')
    op.drop_table('job_runs')
