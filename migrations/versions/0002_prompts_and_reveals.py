"""The prompt cache, pictures that somebody waits for, rounds that are hidden until revealed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

PORTABLE_JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)
# A table that SQLite would have to make anew is not one to alter: dropping the old one would
# delete what belongs to its rows. Columns are added and dropped in place.
ADDED = {
    'rounds': ('players', 'is_hidden'),
    'images': ('is_hidden', 'failure', 'cost_micros'),
}


def upgrade():
    """Change the tables."""
    for table in ADDED:
        op.add_column(table, sa.Column('is_hidden', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('rounds', sa.Column('players', PORTABLE_JSON, nullable=True))
    op.add_column('images', sa.Column('failure', sa.Text(), nullable=True))
    op.add_column('images', sa.Column('cost_micros', sa.BigInteger(), nullable=True))
    op.create_index(op.f('ix_images_prompt_hash'), 'images', ['prompt_hash'])
    op.create_table('prompt_entries',
    sa.Column('owner_id', sa.Uuid(), nullable=False),
    sa.Column('prompt_hash', sa.String(length=64), nullable=False),
    sa.Column('prompt', sa.Text(), nullable=False),
    sa.Column('image_id', sa.Uuid(), nullable=True),
    sa.Column('hits', sa.Integer(), nullable=False),
    sa.Column('last_hit_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('saved_micros', sa.BigInteger(), nullable=False),
    sa.Column('lease_id', sa.Uuid(), nullable=True),
    sa.Column('lease_expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['image_id'], ['images.id'], name=op.f('fk_prompt_entries_image_id_images'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_prompt_entries_owner_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('owner_id', 'prompt_hash', name=op.f('pk_prompt_entries'))
    )
    for column in ('hits', 'image_id', 'prompt_hash'):
        op.create_index(op.f(f'ix_prompt_entries_{column}'), 'prompt_entries', [column])
    op.create_table('prompt_days',
    sa.Column('owner_id', sa.Uuid(), nullable=False),
    sa.Column('prompt_hash', sa.String(length=64), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('is_public', sa.Boolean(), nullable=False),
    sa.Column('originals', sa.Integer(), nullable=False),
    sa.Column('hits', sa.Integer(), nullable=False),
    sa.Column('saved_micros', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_prompt_days_owner_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('owner_id', 'prompt_hash', 'day', 'is_public', name=op.f('pk_prompt_days'))
    )
    op.create_index(op.f('ix_prompt_days_day'), 'prompt_days', ['day'])
    op.create_table('generation_requests',
    sa.Column('image_id', sa.Uuid(), nullable=False),
    sa.Column('owner_id', sa.Uuid(), nullable=False),
    sa.Column('prompt_hash', sa.String(length=64), nullable=False),
    sa.Column('wish', PORTABLE_JSON, nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['image_id'], ['images.id'], name=op.f('fk_generation_requests_image_id_images'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_generation_requests_owner_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('image_id', name=op.f('pk_generation_requests'))
    )
    op.create_index(op.f('ix_generation_requests_owner_id_prompt_hash'), 'generation_requests', ['owner_id', 'prompt_hash'])
    op.create_index(op.f('ix_generation_requests_requested_at'), 'generation_requests', ['requested_at'])
    remember_known_prompts()


def remember_known_prompts():
    """Fill the cache with the pictures that are there: the oldest of each owner and prompt."""
    op.execute(
        "INSERT INTO prompt_entries"
        " (owner_id, prompt_hash, prompt, image_id, hits, saved_micros, created_at)"
        " SELECT owner_id, prompt_hash, prompt, id, 0, 0, created_at FROM ("
        "  SELECT images.*, row_number() OVER ("
        "   PARTITION BY owner_id, prompt_hash ORDER BY id) AS place"
        "  FROM images WHERE status = 'completed' AND trim(prompt) != ''"
        " ) AS ranked WHERE place = 1"
    )
    day = "created_at AT TIME ZONE 'UTC'" if op.get_bind().dialect.name == "postgresql" else "created_at"
    op.execute(
        "INSERT INTO prompt_days"
        " (owner_id, prompt_hash, day, is_public, originals, hits, saved_micros)"
        f" SELECT owner_id, prompt_hash, date({day}), visibility = 'public', count(*), 0, 0"
        " FROM images WHERE status = 'completed' AND trim(prompt) != ''"
        f" GROUP BY owner_id, prompt_hash, date({day}), visibility = 'public'"
    )


def downgrade():
    """Take the change back."""
    for table in ('generation_requests', 'prompt_days', 'prompt_entries'):
        op.drop_table(table)
    op.drop_index(op.f('ix_images_prompt_hash'), 'images')
    for table, columns in ADDED.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
